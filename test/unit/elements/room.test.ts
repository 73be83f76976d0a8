import { aTimeout, expect, fixture, html, oneEvent } from '@open-wc/testing';
import { RtcError } from '../../../src/core/errors.js';
import type { RtcRoom } from '../../../src/elements/rtc-room/rtc-room.js';
import type { RtcRequestEvent } from '../../../src/events/events.js';
import { Backend, stream, tasks, user } from './helpers.js';

let turn = 0;
let backend: Backend;
let room: RtcRoom;
const make = async (more: Partial<RtcRoom> = {}): Promise<RtcRoom> => {
  room = await fixture<RtcRoom>(html`<rtc-room></rtc-room>`);
  Object.assign(room, { provider: backend.name, roomId: 'r', userId: `u${turn}`, ...more });
  return room;
};

const failed = (call: Promise<unknown>): Promise<RtcError> =>
  call.then(
    () => expect.fail('It did not fail.'),
    (error: unknown) => error as RtcError,
  );

describe('rtc-room', () => {
  beforeEach(() => {
    backend = new Backend(`room-${++turn}`);
  });

  it('takes attributes and properties alike and reflects wishes at once', async () => {
    await make();
    room.setAttribute('audio-levels', 'false');
    expect(room.audioLevels).to.be.false;
    Object.assign(room, { audioLevels: '' });
    expect(room.audioLevels).to.be.true;
    room.userRole = 'audience';
    expect(room.getAttribute('user-role')).to.equal('audience');
    Object.assign(room, { userRole: null, url: '' });
    expect(room.userRole).to.equal('anchor');
    expect(room.hasAttribute('user-role')).to.be.false;
    expect(room.url).to.be.undefined;
    room.token = 'secret';
    expect(room.hasAttribute('token')).to.be.false;
    room.setAttribute('token', 'other');
    expect(room.token).to.equal('other');
    room.driverOptions = { a: 1 };
    expect(room.hasAttribute('driver-options')).to.be.false;
  });

  it('takes controls as a list, and as the booleans that frameworks write', async () => {
    await make();
    for (const none of ['false', false, null, undefined]) {
      Object.assign(room, { controls: none });
      expect(room.controls, String(none)).to.be.undefined;
    }
    for (const all of ['', true, 'true']) {
      Object.assign(room, { controls: all });
      expect(room.controls, String(all)).to.equal('');
    }
    room.setAttribute('controls', 'join role');
    expect(room.controls).to.equal('join role');
  });

  it('honours properties set before the upgrade', async () => {
    const early = document.createElement('rtc-room-late');
    class Late extends (customElements.get('rtc-room') as typeof RtcRoom) {}
    Object.assign(early, { roomId: 'early', mode: 'live' });
    document.body.append(early);
    customElements.define('rtc-room-late', Late);
    await (early as RtcRoom).updateComplete;
    expect((early as RtcRoom).roomId).to.equal('early');
    expect(early.getAttribute('mode')).to.equal('live');
    early.remove();
  });

  it('overwrites a state attribute that a page wrote', async () => {
    const made = await fixture<RtcRoom>(html`<rtc-room connection-state="connected"></rtc-room>`);
    expect(made.getAttribute('connection-state')).to.equal('disconnected');
  });

  it('joins, tells its state in attribute, state and events, and leaves', async () => {
    await make();
    const states: string[] = [];
    room.addEventListener('rtc-connection-state-changed', (event) => {
      states.push(event.detail.state);
      expect(room.getAttribute('connection-state')).to.equal(event.detail.state);
    });
    const joined = room.join();
    expect(room.hasAttribute('joined')).to.be.true;
    await joined;
    expect(room.inRoom).to.be.true;
    expect(room.matches(':state(in-room)')).to.be.true;
    expect(room.currentRole).to.equal('anchor');
    await room.leave();
    expect(room.hasAttribute('joined')).to.be.false;
    expect(states).to.eql(['connecting', 'connected', 'disconnected']);
    expect(backend.joined).to.have.length(0);
  });

  it('joins by a call of before it is in the document, once it is', async () => {
    const early = Object.assign(document.createElement('rtc-room'), {
      provider: room.provider,
      roomId: 'later',
    });
    const joined = early.join();
    document.body.append(early);
    await joined;
    expect(early.inRoom).to.be.true;
    early.remove();
  });

  it('joins before it is drawn and devices are opened, which wait for a pause', async () => {
    const waiting: IdleRequestCallback[] = [];
    const idle = window.requestIdleCallback;
    window.requestIdleCallback = (act) => waiting.push(act);
    try {
      const early = document.createElement('rtc-room');
      const local = Object.assign(document.createElement('rtc-local-stream'), { audio: true });
      Object.assign(early, { provider: backend.name, roomId: 'r', joined: true });
      early.append(local);
      const joined = oneEvent(early, 'rtc-joined');
      document.body.append(early);
      await joined;
      await aTimeout(20);
      expect(early.shadowRoot?.querySelector('.stage')).to.equal(null);
      expect(local.captureState).to.equal('idle');
      const live = oneEvent(local, 'rtc-stream-published');
      for (const act of waiting) act({ didTimeout: false, timeRemaining: () => 50 });
      await live;
      expect(early.shadowRoot?.querySelector('.stage')).not.to.equal(null);
      early.remove();
    } finally {
      window.requestIdleCallback = idle;
    }
  });

  it('waits for the core with every call that was made before', async () => {
    const early = Object.assign(document.createElement('rtc-room'), {
      provider: room.provider,
      roomId: 'later',
    });
    const calls = [early.join()];
    document.body.append(early);
    calls.push(early.join());
    await Promise.all(calls);
    expect(early.inRoom).to.be.true;
    early.remove();
  });

  it('tells why a role is refused before it is asked for', async () => {
    await make({ mode: 'live', joined: true });
    await room.join();
    let caught: unknown;
    await room.switchRole('viewer' as 'anchor').catch((error: unknown) => (caught = error));
    expect(caught).to.have.property('code', 'argument');
    expect(room.userRole).to.equal('anchor');
  });

  it('rejects such a call that was overtaken before', async () => {
    const early = document.createElement('rtc-room');
    const joined = early.join().catch((error: unknown) => error);
    await early.leave();
    document.body.append(early);
    expect(await joined).to.have.property('code', 'aborted');
    early.remove();
  });

  it('refuses a role that is none by its name', async () => {
    await make({ mode: 'live', joined: true });
    await room.join();
    const error = await failed(room.switchRole(undefined as unknown as 'anchor'));
    expect(error).to.have.property('code', 'argument');
    expect(error.message).to.contain('undefined');
  });

  it('rejects a leave() and a switchRole() that the same task overtakes', async () => {
    await make({ mode: 'live' });
    await room.join();
    const left = failed(room.leave());
    await room.join();
    expect(await left).to.have.property('code', 'aborted');
    expect(room.inRoom).to.be.true;
    const switched = failed(room.switchRole('audience'));
    await room.leave();
    expect(await switched).to.have.property('code', 'aborted');
  });

  it('does nothing for what one task changes and changes back', async () => {
    await make({ mode: 'live' });
    await room.join();
    let left = false;
    room.addEventListener('rtc-left', () => (left = true));
    const { client } = backend;
    room.joined = false;
    room.roomId = 'other';
    await Promise.resolve();
    room.joined = true;
    room.userRole = 'audience';
    await Promise.resolve();
    room.roomId = 'r';
    room.userRole = 'anchor';
    await aTimeout(20);
    expect(left).to.be.false;
    expect(backend.clients).to.eql([client]);
    expect(room.inRoom).to.be.true;
  });

  it('refuses a copy whose user the token names, and never shows the token', async () => {
    await make({ userId: undefined, token: 'secret-of-zoe' });
    await room.join();
    const copy = Object.assign(room.cloneNode(true) as RtcRoom, { token: 'secret-of-zoe' });
    room.after(copy);
    const error = await failed(copy.join());
    expect(error).to.have.property('code', 'state');
    expect(error.message).not.to.contain('secret');
    expect(room.inRoom).to.be.true;
    copy.remove();
  });

  it('says of a token-url that is no address that it is none', async () => {
    await make({ tokenUrl: 'http://[' });
    const error = await failed(room.join());
    expect(error).to.have.property('code', 'argument');
    expect(error.message).to.contain('token-url');
    expect(room.joined).to.be.false;
  });

  it('takes an empty answer of tokenSource for no token', async () => {
    await make({ tokenSource: () => undefined as unknown as string });
    await room.join();
    expect(room.inRoom).to.be.true;
  });

  it('takes the wish back when refused, names it, and says so', async () => {
    await make();
    backend.fail = new RtcError('room-full', 'Full.');
    const failed = oneEvent(room, 'rtc-error');
    let caught: unknown;
    await room.join().catch((error: unknown) => (caught = error));
    const { detail } = await failed;
    expect(caught).to.have.property('code', 'room-full');
    expect(detail.reverted).to.eql(['joined']);
    expect(room.hasAttribute('joined')).to.be.false;
    await room.updateComplete;
    expect(room.renderRoot.querySelector('[part=message]')?.textContent).to.equal(
      'This room is full.',
    );
    expect(room.renderRoot.querySelector('[part=status] button')).to.exist;
  });

  it('writes a refused role back', async () => {
    await make({ mode: 'live', userRole: 'audience', joined: true });
    await room.join();
    backend.fail = new RtcError('forbidden', 'No.');
    let caught: unknown;
    await room.switchRole('anchor').catch((error: unknown) => (caught = error));
    expect(caught).to.have.property('code', 'forbidden');
    expect(room.getAttribute('user-role')).to.equal('audience');
  });

  it('names the attribute that is missing, and joins when it is there', async () => {
    await make({ roomId: undefined, joined: true });
    await oneEvent(room, 'rtc-error');
    await room.updateComplete;
    expect(room.renderRoot.querySelector('[part=message]')?.textContent).to.contain('room-id');
    expect(room.hasAttribute('joined')).to.be.true;
    room.addEventListener('rtc-error', () => expect.fail('It was told already.'));
    room.userId = 'bob';
    await aTimeout(20);
    room.url = '/rtc';
    await aTimeout(20);
    room.setAttribute('room-id', 'now');
    await oneEvent(room, 'rtc-joined');
  });

  it('keeps the call when moved, and leaves one task after its removal', async () => {
    await make();
    await room.join();
    const { client } = backend;
    const other = document.createElement('div');
    document.body.append(other);
    other.append(room);
    await tasks();
    room.remove();
    other.append(room);
    await tasks();
    expect(backend.clients).to.have.length(1);
    expect(client.state).to.equal('joined');
    const left = oneEvent(room, 'rtc-left');
    room.remove();
    expect((await left).detail.reason).to.equal('element-removed');
    expect(backend.joined).to.have.length(0);
    document.body.append(room);
    await oneEvent(room, 'rtc-joined');
    other.remove();
    room.remove();
  });

  it('joins where it takes the place of another element, without a word of refusal', async () => {
    await make();
    await room.join();
    const next = room.cloneNode() as RtcRoom;
    const errors: unknown[] = [];
    next.addEventListener('rtc-error', ({ detail }) => errors.push(detail.error.message));
    const joined = oneEvent(next, 'rtc-joined');
    room.replaceWith(next);
    await joined;
    expect(errors).to.eql([]);
    expect(backend.clients.map(({ state }) => state)).to.eql(['left', 'joined']);
    next.remove();
  });

  it('obeys commands, each of which the page may refuse', async () => {
    await make();
    room.id = 'commanded';
    const button = document.createElement('button');
    button.setAttribute('commandfor', 'commanded');
    button.setAttribute('command', '--toggle-joined');
    document.body.append(button);
    const asked: unknown[] = [];
    const refuse = (event: RtcRequestEvent): void => {
      asked.push(event.detail);
      event.preventDefault();
    };
    room.addEventListener('rtc-request', refuse as EventListener);
    button.click();
    expect(asked).to.eql([{ name: 'joined', value: true }]);
    expect(room.joined).to.be.false;
    room.removeEventListener('rtc-request', refuse as EventListener);
    button.click();
    expect(room.hasAttribute('joined')).to.be.true;
    await oneEvent(room, 'rtc-joined');
    button.remove();
  });

  it('shows a tile for each stream, and keeps the others when one goes', async () => {
    backend.users = ['a', 'b', 'c'].map(user);
    backend.streams = ['a', 'b', 'c'].map((id) => stream(id));
    await make({ controls: '' });
    await room.join();
    await tasks();
    const tiles = (): Element[] => [...room.renderRoot.querySelectorAll('rtc-remote-stream')];
    const [, second] = tiles();
    expect(tiles()).to.have.length(3);
    backend.client.emit({ type: 'stream-removed', streamId: 'a:main' });
    await tasks();
    expect(tiles()).to.have.length(2);
    expect(tiles()[0]).to.equal(second);
    expect(second?.shadowRoot?.querySelector('[part=label]')?.textContent?.trim()).to.equal('b');
    const stage = room.renderRoot.querySelector('.stage');
    expect(stage?.scrollWidth).to.be.at.most(stage?.clientWidth ?? 0);
    await expect(room).to.be.accessible();
  });

  it('keeps the region of its sentences there for assistive technology while it is empty', async () => {
    backend.users = [user('a')];
    backend.streams = [stream('a')];
    await make();
    await room.join();
    await tasks();
    const status = room.renderRoot.querySelector('[role=status]');
    expect(status?.textContent?.trim()).to.equal('');
    const { display, visibility, opacity } = getComputedStyle(status as Element);
    expect([display === 'none', visibility, opacity]).to.deep.equal([false, 'visible', '0']);
    backend.client.emit({ type: 'reconnecting' });
    await tasks();
    expect(status?.textContent).to.contain('Reconnecting');
    expect(getComputedStyle(status as Element).opacity).to.equal('1');
  });

  it('hides nothing from assistive technology in its states', async () => {
    await make({ controls: '' });
    await expect(room).to.be.accessible();
    await room.join();
    await tasks();
    expect(room.renderRoot.querySelector('[role=status]')?.textContent).to.contain('Nobody to see');
    await expect(room).to.be.accessible();
  });
});
