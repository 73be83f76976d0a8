import { expect } from '@open-wc/testing';
import type { ClientEvent, JoinRequest } from '../../../src/drivers/driver.js';
import {
  createFakeBackend,
  type FakeBackend,
  type FakeClient,
} from '../../../src/drivers/fake/index.js';
import { publication } from '../publication.js';
import { failure } from './session-harness.js';

const REQUEST: JoinRequest = {
  credentials: {},
  role: 'anchor',
  userData: '',
  publications: [],
  subscribe: { audio: true, video: true },
};
const never = new AbortController().signal;

describe('fake back end', () => {
  let backend: FakeBackend;

  function create(
    userId?: string,
    roomId = '1',
    link = false,
  ): { client: FakeClient; events: ClientEvent[] } {
    const events: ClientEvent[] = [];
    const config = { roomId, mode: 'live' as const, link, userId, options: {} };
    const client = backend.driver.createClient(config, (event) => events.push(event)) as FakeClient;
    return { client, events };
  }
  async function enter(
    userId?: string,
    request: Partial<JoinRequest> = {},
    roomId?: string,
    link?: boolean,
  ) {
    const made = create(userId, roomId, link);
    const result = await made.client.join({ ...REQUEST, ...request }, never);
    return { ...made, result };
  }
  const types = (events: ClientEvent[]): string[] => events.map(({ type }) => type);

  beforeEach(() => {
    backend = createFakeBackend();
  });

  it('lets clients of a room see each other, and hands over media until it is over', async () => {
    const alice = await enter('alice', { publications: [publication()] });
    const bob = await enter('bob');
    await backend.flush();
    expect(alice.result.published).to.deep.equal(['main']);
    expect(bob.result.users.map(({ userId }) => userId)).to.deep.equal(['alice']);
    expect(bob.result.streams.map(({ userId, type }) => `${userId} ${type}`)).to.deep.equal([
      'alice main',
    ]);
    expect(types(alice.events)).to.deep.equal(['user-joined']);
    expect(types(bob.events)).to.deep.equal(['track', 'track']);
    expect(backend.liveTracks).to.have.length(2);
    await alice.client.publish(publication({ videoMuted: true }), never);
    await backend.flush();
    expect(types(bob.events).slice(2)).to.deep.equal(['stream-updated', 'track']);
    expect(backend.liveTracks.map(({ kind }) => kind)).to.deep.equal(['audio']);
    await alice.client.leave();
    await backend.flush();
    expect(types(bob.events).slice(-3)).to.deep.equal(['stream-removed', 'track', 'user-left']);
    expect(backend.liveTracks).to.have.length(0);
    alice.client.destroy();
    bob.client.destroy();
    expect(backend.clients.size).to.equal(0);
  });

  it('gives each viewer a clone of what is really captured', async () => {
    const canvas = document.createElement('canvas');
    canvas.getContext('2d');
    const [video] = canvas.captureStream(5).getVideoTracks();
    if (!video) throw new Error('no canvas track');
    const bob = await enter('bob');
    await enter('alice', { publications: [publication({ hasAudio: false, video })] });
    await backend.flush();
    const [media] = bob.client.received.values();
    expect(media?.source).to.equal(video);
    expect(media?.track === video).to.equal(false);
    bob.client.destroy();
    expect(media?.track?.readyState).to.equal('ended');
    expect(video.readyState).to.equal('live');
    video.stop();
  });

  it('does nothing by itself when played by hand', async () => {
    backend = createFakeBackend({ manual: true });
    const { client } = create('alice');
    let joined = false;
    const join = client.join(REQUEST, never).then(() => (joined = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([joined, backend.scheduler.waiting]).to.deep.equal([false, 1]);
    expect(backend.step(5)).to.equal(1);
    await join;
    expect(client.state).to.equal('joined');
  });

  it('kicks an anchor for the same anchor elsewhere, not for an audience or a link', async () => {
    const first = await enter('alice');
    await enter('alice', { role: 'audience' });
    await enter('alice', {}, '1', true);
    await backend.flush();
    expect(types(first.events)).not.to.include('ended');
    await enter('alice');
    await backend.flush();
    expect(first.events.at(-1)).to.include({ type: 'ended', reason: 'kick' });
    expect(first.client.state).to.equal('ended');
  });

  it('keeps rooms apart, and refuses the other mode', async () => {
    const one = await enter('alice');
    await enter('bob', {}, '2');
    await backend.flush();
    expect(one.events).to.have.length(0);
    const config = { roomId: '1', mode: 'rtc' as const, link: false, options: {} };
    const other = backend.driver.createClient(config, () => undefined);
    expect(await failure(other.join(REQUEST, never))).to.include({ code: 'join-failed' });
    expect((await enter(undefined)).result.userId).to.match(/^guest-/);
  });

  it('fails as told, as often as told', async () => {
    backend.fail('join', 'room-full', 2);
    for (const id of ['a', 'b']) expect(await failure(enter(id))).to.include({ code: 'room-full' });
    const { client } = await enter('c');
    backend.fail('publish', 'never');
    const pending = client.publish(publication(), never).then(() => 'settled');
    expect(await Promise.race([pending, backend.flush()])).to.equal(undefined);
    expect(client.published).to.deep.equal([]);
    expect(backend.joins).to.equal(3);
  });

  it('undoes what is aborted in time; what is scripted late happens after all', async () => {
    backend.scheduler.manual = true;
    const aborted = create('a');
    const late = create('b');
    const controller = new AbortController();
    const first = failure(aborted.client.join(REQUEST, controller.signal));
    backend.fail('join', 'late');
    const second = late.client.join(REQUEST, controller.signal);
    controller.abort();
    expect((await first).code).to.equal('aborted');
    expect(aborted.client.state).to.equal('destroyed');
    await backend.flush();
    expect((await second).userId).to.equal('b');
    expect([...backend.clients]).to.deep.equal([late.client]);
  });

  it('lacks what it is told to lack', () => {
    backend.capabilities.delete('sendMessage');
    const { client } = create('alice');
    expect(client.sendMessage).to.equal(undefined);
    expect(client.kick).to.be.a('function');
  });

  it('remembers ended sessions, and lets moderators remove and dismiss', async () => {
    const alice = await enter('alice');
    const bob = await enter('bob');
    expect(await failure(alice.client.kick('bob'))).to.include({ code: 'forbidden' });
    backend.moderators.add('alice');
    await alice.client.kick('bob');
    await backend.flush();
    expect(bob.events.at(-1)).to.include({ type: 'ended', reason: 'banned' });
    const again = await failure(enter('bob', { previousSession: bob.result.session }));
    expect(again).to.include({ code: 'forbidden', vendorCode: 'banned' });
    backend.dismiss('1');
    await backend.flush();
    expect(alice.events.at(-1)).to.include({ type: 'ended', reason: 'room_disband' });
    expect(backend.joined).to.have.length(0);
  });

  it('notes what a driver’s user must not do', async () => {
    const { client } = await enter('alice');
    client.destroy();
    await failure(client.publish(publication(), never));
    expect(backend.violations).to.deep.equal(['publish() after destroy()']);
  });
});
