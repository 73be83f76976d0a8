import { expect } from '@open-wc/testing';
import { RtcError } from '../../../src/core/errors.js';
import type { LinkWish } from '../../../src/core/room-link.js';
import type { FakeBackend } from '../../../src/drivers/fake/index.js';
import { until } from './capture-harness.js';
import { failure, startBackend, TestLink, TestRoom, TestSink } from './session-harness.js';

describe('views and links', () => {
  let backend: FakeBackend;
  const sinks: TestSink[] = [];

  beforeEach(() => {
    backend = startBackend();
  });

  afterEach(async () => {
    for (const { node } of sinks.splice(0)) (node as Element).remove();
    await backend.flush();
    expect(backend.violations).to.deep.equal([]);
  });

  function sink(
    room: TestRoom,
    wish: ConstructorParameters<typeof TestSink>[0] = {},
  ): { it: TestSink; remove: () => void } {
    const it = new TestSink(wish);
    sinks.push(it);
    return { it, remove: room.session.view.addSink(it) };
  }

  function received(userId = 'alice'): Record<string, string> {
    const client = backend.client(userId);
    const others = new Map(backend.joined.map(({ member }) => [member?.id, member?.userId]));
    return Object.fromEntries(
      [...(client?.subscribed ?? [])].map(([id, { audio, video }]) => [
        others.get(id.split('/')[0]) ?? id,
        `${audio ? 'a' : ''}${video ? 'v' : ''}`,
      ]),
    );
  }

  describe('who shows what, and is therefore received', () => {
    it('gives streams to exact elements, then to open ones in tree order, then to the layout', async () => {
      const room = await new TestRoom(backend).join();
      const open = sink(room).it;
      const exact = sink(room, { userId: 'carol' }).it;
      for (const id of ['bob', 'carol', 'dave']) backend.addUser('1', id).publish();
      await backend.flush();
      expect(open.shown?.userId).to.equal('bob');
      expect(exact.shown?.userId).to.equal('carol');
      expect(room.session.view.layoutStreams.map(({ userId }) => userId)).to.deep.equal(['dave']);
      room.session.end();
    });

    it('an open element keeps its stream until it ends or an exact one appears, then takes the next', async () => {
      const room = await new TestRoom(backend).join();
      const open = sink(room).it;
      const bob = backend.addUser('1', 'bob');
      bob.publish();
      await backend.flush();
      backend.addUser('1', 'carol').publish();
      const earlier = sink(room);
      // Before the first in the document, but that one has its stream already.
      document.body.prepend(earlier.it.node);
      await backend.flush();
      expect(open.shown?.userId).to.equal('bob');
      expect(earlier.it.shown?.userId).to.equal('carol');
      earlier.remove();
      const exact = sink(room, { userId: 'bob' });
      await backend.flush();
      expect([open.shown?.userId, exact.it.shown?.userId]).to.deep.equal(['carol', 'bob']);
      exact.remove();
      bob.leave();
      await backend.flush();
      expect(open.shown?.userId).to.equal('carol');
      room.session.end();
    });

    it('lets only the first of two elements of one stream sound, and receives the union', async () => {
      const room = await new TestRoom(backend).join();
      const first = sink(room, { userId: 'bob', subscribe: 'audio' });
      const second = sink(room, { userId: 'bob', subscribe: 'video' });
      const bob = backend.addUser('1', 'bob');
      bob.publish();
      await backend.flush();
      expect([first.it.sounds, second.it.sounds]).to.deep.equal([true, false]);
      expect(backend.client('alice')?.subscribed.get(bob.streamId())).to.include({
        audio: true,
        video: true,
      });
      first.remove();
      await backend.flush();
      expect(second.it.sounds).to.equal(true);
      expect(backend.client('alice')?.subscribed.get(bob.streamId())).to.include({
        audio: false,
        video: true,
      });
      room.session.end();
    });

    it('receives exactly while something shows it; layout="none" receives nothing else', async () => {
      const room = new TestRoom(backend);
      room.session.view.configure({ subscribe: 'all', users: [], layout: false });
      await room.join();
      const bob = backend.addUser('1', 'bob');
      bob.publish();
      await backend.flush();
      expect(received()).to.deep.equal({});
      const shown = sink(room, { userId: 'bob' });
      await backend.flush();
      expect(Object.values(received())).to.deep.equal(['av']);
      await until(() => room.session.streams[0]?.subscribed);
      shown.remove();
      await backend.flush();
      expect(received()).to.deep.equal({});
      expect(room.session.streams[0]?.subscribed).to.equal(false);
      room.session.view.configure({ subscribe: 'all', users: [], layout: true });
      await backend.flush();
      expect(Object.values(received())).to.deep.equal(['av']);
      room.session.end();
    });

    it('changes subscribe and subscribe-to in place', async () => {
      const room = await new TestRoom(backend).join();
      backend.addUser('1', 'bob').publish();
      backend.addUser('1', 'carol').publish();
      await backend.flush();
      room.session.view.configure({ subscribe: 'audio', users: ['carol'], layout: true });
      await backend.flush();
      expect(Object.values(received())).to.deep.equal(['a']);
      expect(room.session.view.layoutStreams.map(({ userId }) => userId)).to.deep.equal(['carol']);
      const exact = sink(room, { userId: 'bob' }).it;
      await backend.flush();
      expect(exact.shown?.userId).to.equal('bob');
      expect(backend.joins).to.equal(1);
      room.session.end();
    });

    it('tells of the streams that it does not take, too: an element may name them', async () => {
      const room = new TestRoom(backend);
      room.session.view.configure({ subscribe: 'all', users: ['carol'], layout: true });
      await room.join();
      const bob = backend.addUser('1', 'bob');
      bob.publish();
      await backend.flush();
      expect(room.all('rtc-stream-added').map(({ stream }) => stream.userId)).to.deep.equal([
        'bob',
      ]);
      expect(received()).to.deep.equal({});
      bob.unpublish();
      await backend.flush();
      expect(room.all('rtc-stream-removed')).to.have.length(1);
      room.session.end();
    });

    it('still says that no media arrives after it asked for less of it', async () => {
      const room = await new TestRoom(backend).join();
      const bob = backend.addUser('1', 'bob');
      bob.publish();
      await backend.flush();
      const error = new RtcError('network', 'No route.');
      backend.client('alice')?.emit({ type: 'stream-health', streamId: bob.streamId(), error });
      room.session.view.configure({ subscribe: 'audio', users: [], layout: true });
      await until(() => Object.values(received()).includes('a'));
      await backend.flush();
      expect(room.session.streams[0]?.failure).to.equal(error);
      backend.client('alice')?.emit({ type: 'stream-health', streamId: bob.streamId() });
      await backend.flush();
      expect(room.session.streams[0]?.failure).to.equal(null);
      room.session.end();
    });

    it('receives no picture of what is off screen', async () => {
      const room = await new TestRoom(backend).join();
      const { it: shown } = sink(room, { userId: 'bob', visible: false });
      backend.addUser('1', 'bob').publish();
      await backend.flush();
      expect(Object.values(received())).to.deep.equal(['a']);
      shown.visible = true;
      room.session.view.sinkChanged(shown);
      await backend.flush();
      expect(Object.values(received())).to.deep.equal(['av']);
      room.session.end();
    });

    it('withholds a stream whose rtc-stream-added was cancelled, but not from its own element', async () => {
      const room = await new TestRoom(backend).join();
      room.cancels.add('rtc-stream-added');
      const open = sink(room).it;
      const bob = backend.addUser('1', 'bob');
      bob.publish();
      await backend.flush();
      expect(open.shown).to.equal(null);
      expect(room.session.view.layoutStreams).to.have.length(0);
      expect(Object.values(received())).to.deep.equal([]);
      const exact = sink(room, { userId: 'bob' }).it;
      await backend.flush();
      expect(exact.shown?.id).to.equal(bob.streamId());
      room.session.end();
    });

    it('tries a subscription again that failed on the way, and tells one that was refused', async () => {
      const room = await new TestRoom(backend).join();
      room.session.view.configure({ subscribe: 'none', users: [], layout: true });
      backend.addUser('1', 'bob').publish();
      await backend.flush();
      backend.fail('subscribe', 'network');
      room.session.view.configure({ subscribe: 'all', users: [], layout: true });
      await until(() => Object.values(received()).includes('av'));
      backend.fail('subscribe', 'forbidden');
      room.session.view.configure({ subscribe: 'audio', users: [], layout: true });
      await until(() => room.session.streams[0]?.failure);
      expect(room.session.streams[0]?.failure).to.include({ code: 'forbidden' });
      room.session.view.configure({ subscribe: 'video', users: [], layout: true });
      await until(() => !room.session.streams[0]?.failure);
      room.session.end();
    });
  });

  describe('links', () => {
    function link(room: TestRoom, wish: Partial<LinkWish> = {}): TestLink {
      return new TestLink({
        room: room.session,
        roomId: '2',
        disabled: false,
        subscribe: 'all',
        layout: true,
        nested: false,
        ...wish,
      });
    }

    it('follows its room: waits, is linked, ends with it', async () => {
      const room = new TestRoom(backend);
      const it = link(room, { userId: 'bob' });
      await backend.flush();
      expect(it.link.state).to.equal('idle');
      await room.join();
      await until(() => it.link.state === 'waiting');
      const [client] = backend.joined.filter(({ config }) => config.link);
      expect(client?.member).to.include({ userId: 'alice', role: 'audience' });
      const bob = backend.addUser('2', 'bob');
      bob.publish();
      backend.addUser('2', 'carol').publish();
      await until(() => it.link.state === 'linked');
      expect(it.link.view.layoutStreams.map(({ userId }) => userId)).to.deep.equal(['bob']);
      const added = it.all('rtc-stream-added');
      expect(added.map(({ roomId, stream }) => `${stream.userId} in ${roomId}`)).to.deep.equal([
        'bob in 2',
        'carol in 2',
      ]);
      bob.unpublish();
      await until(() => it.link.state === 'waiting');
      room.session.end();
      await until(() => it.link.state === 'idle');
      await backend.flush();
      expect(backend.clients.size).to.equal(0);
      expect(it.states).to.deep.equal(['connecting', 'waiting', 'linked', 'waiting', 'idle']);
      it.link.end();
    });

    describe('while the connection of its room is lost', () => {
      let room: TestRoom;
      let linked: TestLink;
      const lose = (roomId = '1'): void => {
        const client = backend.client('alice', roomId);
        const session = roomId === '1' ? room.session : linked.link.session;
        if (client) backend.end(client, 'connection-lost');
        while (session?.inRoom) backend.step();
      };

      beforeEach(async () => {
        room = await new TestRoom(backend).join();
        linked = link(room, { userId: 'bob' });
        backend.addUser('2', 'bob', { mode: 'live' }).publish();
        await until(() => linked.link.state === 'linked');
      });
      afterEach(() => room.session.end());

      it('keeps its own, which is not', async () => {
        const client = backend.client('alice', '2');
        lose();
        expect(room.session.inRoom).to.equal(false);
        expect(linked.link.state).to.equal('linked');
        await until(() => room.session.inRoom);
        expect(backend.client('alice', '2')).to.equal(client);
        expect(linked.states).to.deep.equal(['connecting', 'waiting', 'linked']);
      });

      it('shows what it received when its own is lost, too', async () => {
        const [shown] = linked.link.view.layoutStreams;
        lose();
        lose('2');
        expect(linked.link.state).to.equal('connecting');
        expect(linked.link.view.layoutStreams).to.deep.equal([shown]);
        await until(() => room.session.inRoom && linked.link.state === 'linked');
        expect(linked.link.view.layoutStreams).to.deep.equal([shown]);
      });

      it('is over with the room that refuses to take the user back', async () => {
        backend.fail('join', 'forbidden');
        lose();
        await until(() => linked.link.state === 'idle');
        await backend.flush();
        expect(backend.clients.size).to.equal(0);
      });

      it('is over when the page leaves', async () => {
        lose();
        room.set({ joined: false });
        expect(linked.link.state).to.equal('idle');
        await backend.flush();
        expect(backend.clients.size).to.equal(0);
      });

      it('goes where it is sent when the room is back', async () => {
        lose();
        linked.set({ roomId: '3' });
        expect(linked.link.state).to.equal('linked');
        await until(() => linked.link.state === 'waiting');
        expect(backend.client('alice', '3')).to.be.ok;
        expect(backend.client('alice', '2')).to.equal(undefined);
      });
    });

    it('shares one client among the links of a room to the same room', async () => {
      const room = await new TestRoom(backend).join();
      const [first, second] = [link(room, { userId: 'bob' }), link(room, { userId: 'carol' })];
      for (const id of ['bob', 'carol']) backend.addUser('2', id, { mode: 'live' }).publish();
      await until(() => first.link.state === 'linked' && second.link.state === 'linked');
      expect(backend.clients.size).to.equal(2);
      expect(second.link.view.layoutStreams.map(({ userId }) => userId)).to.deep.equal(['carol']);
      first.link.end();
      await backend.flush();
      expect(backend.clients.size).to.equal(2);
      second.link.end();
      await backend.flush();
      expect(backend.clients.size).to.equal(1);
      room.session.end();
    });

    it('shares it whatever their tokens are, takes another token at the next need only', async () => {
      const room = await new TestRoom(backend).join();
      const [first, second] = [link(room, { token: 'a' }), link(room, { token: 'b' })];
      await until(() => first.link.state === 'waiting' && second.link.state === 'waiting');
      expect(backend.created).to.have.length(2);
      first.set({ token: 'c' });
      second.set({ token: undefined, tokenUrl: '/token' });
      await backend.flush();
      expect(backend.created).to.have.length(2);
      expect(first.states).to.deep.equal(['connecting', 'waiting']);
      room.session.end();
    });

    it('tells a second link of the users who are there already', async () => {
      const room = await new TestRoom(backend).join();
      const first = link(room);
      await until(() => first.link.state === 'waiting');
      backend.addUser('2', 'bob', { mode: 'live' }).publish();
      await until(() => first.link.state === 'linked');
      const second = link(room);
      await until(() => second.link.state === 'linked');
      expect(second.all('rtc-user-joined').map(({ userId, roomId }) => [roomId, userId])).to.eql([
        ['2', 'bob'],
      ]);
      room.session.end();
    });

    it('asks a token source that its room was given after it had joined', async () => {
      const room = await new TestRoom(backend, { token: 'old' }).join();
      const reasons: string[] = [];
      room.set({
        tokenSource: ({ reason }) => {
          reasons.push(reason);
          return 'new';
        },
      });
      const it = link(room);
      await until(() => it.link.state === 'waiting');
      expect(reasons).to.deep.equal(['link']);
      room.session.end();
    });

    it('waits for its room-id, which is no failure', async () => {
      const room = await new TestRoom(backend).join();
      const it = link(room, { roomId: undefined });
      await backend.flush();
      expect(it.link.state).to.equal('idle');
      expect(it.link.error).to.include({ code: 'argument', fatal: false });
      it.set({ roomId: '2' });
      await until(() => it.link.state === 'waiting');
      expect(it.all('rtc-error')).to.have.length(1);
      room.session.end();
    });

    it('does not link while disabled, and lets go when it becomes so', async () => {
      const room = await new TestRoom(backend).join();
      const it = link(room, { disabled: true });
      await backend.flush();
      expect(it.link.state).to.equal('idle');
      it.set({ disabled: false });
      await until(() => it.link.state === 'waiting');
      it.set({ disabled: true });
      await backend.flush();
      expect(it.link.state).to.equal('idle');
      expect(backend.clients.size).to.equal(1);
      room.session.end();
    });

    it('is idle, and no failure, once it is disabled after a refusal', async () => {
      const room = await new TestRoom(backend).join();
      const it = link(room, { roomId: '1' });
      await until(() => it.link.state === 'failed');
      it.set({ disabled: true });
      await until(() => it.link.state === 'idle');
      expect(it.link.error).to.equal(null);
      room.session.end();
    });

    it('goes elsewhere when its room-id changes while it joins', async () => {
      const room = await new TestRoom(backend).join();
      backend.fail('join', 'late');
      backend.scheduler.manual = true;
      const it = link(room);
      await until(() => backend.scheduler.waiting);
      expect(backend.created.at(-1)?.config.roomId).to.equal('2');
      it.set({ roomId: '3' });
      backend.scheduler.manual = false;
      await until(() => it.link.state === 'waiting');
      await backend.flush();
      expect(backend.joined.map(({ config }) => config.roomId)).to.deep.equal(['1', '3']);
      expect(backend.clients.size).to.equal(2);
      room.session.end();
    });

    it('asks the room’s token source for a token of its own', async () => {
      const reasons: string[] = [];
      const room = await new TestRoom(backend, {
        tokenSource: (request) => {
          reasons.push(`${request.reason} ${request.roomId} ${request.userRole}`);
          return 'token';
        },
      }).join();
      const it = link(room);
      await until(() => it.link.state === 'waiting');
      expect(reasons).to.deep.equal(['join 1 anchor', 'link 2 audience']);
      room.session.end();
    });

    it('renews its token as a link’s, which is another one', async () => {
      const reasons: string[] = [];
      const room = await new TestRoom(backend, {
        tokenSource: ({ reason, roomId, userRole }) => {
          reasons.push(`${reason} ${roomId} ${userRole}`);
          return { token: 't', ...(roomId === '2' && { expiresAt: Date.now() + 1_200 }) };
        },
      }).join();
      link(room);
      await until(() => reasons.length > 2);
      expect(reasons).to.deep.equal(['join 1 anchor', 'link 2 audience', 'link 2 audience']);
      room.session.end();
    });

    for (const [what, wish, roomWish] of [
      ['in a call', {}, { mode: 'rtc' }],
      ['to its own room', { roomId: '1' }, {}],
      ['inside another link', { nested: true }, {}],
      ['with a bad user id', { userId: 'a b' }, {}],
      ['with a bad room id', { roomId: 'a b' }, {}],
    ] as const) {
      it(`is refused ${what}, as argument`, async () => {
        const room = await new TestRoom(backend, roomWish).join();
        const it = link(room, wish);
        await backend.flush();
        expect(it.link.state).to.equal('failed');
        expect(it.link.error).to.include({ code: 'argument', fatal: true });
        expect(it.all('rtc-error')).to.have.length(1);
        expect(backend.clients.size).to.equal(1);
        room.session.end();
      });
    }

    it('recovers after a failure on the way, and fails for good when refused', async () => {
      const room = await new TestRoom(backend).join();
      backend.fail('join', 'network');
      const it = link(room);
      await until(() => it.link.state === 'waiting');
      expect(it.all('rtc-error').map(({ error }) => error.code)).to.deep.equal(['network']);
      it.link.end();
      await backend.flush();
      backend.fail('join', 'room-full');
      it.set({ room: room.session });
      await until(() => it.link.state === 'failed');
      expect(it.link.error).to.include({ code: 'room-full', fatal: true });
      expect(room.session.inRoom).to.equal(true);
      room.session.end();
    });

    it('plays all that is blocked in the room and its links with one gesture', async () => {
      const room = await new TestRoom(backend).join();
      const it = link(room);
      backend.addUser('1', 'bob').publish();
      backend.addUser('2', 'carol', { mode: 'live' }).publish();
      const own = sink(room).it;
      const linked = new TestSink();
      sinks.push(linked);
      it.link.view.addSink(linked);
      await until(() => own.shown && linked.shown);
      if (own.shown) room.session.view.playbackBlocked(own, own.shown);
      if (linked.shown) it.link.view.playbackBlocked(linked, linked.shown);
      await until(() => room.all('rtc-autoplay-blocked').length);
      expect(
        room.all('rtc-autoplay-blocked')[0]?.streams.map(({ userId }) => userId),
      ).to.have.members(['bob', 'carol']);
      await it.link.view.startPlayback();
      expect([own.unblocked, linked.unblocked]).to.deep.equal([1, 1]);
      room.session.end();
    });
  });

  it('tells a page that asks for what is not there', async () => {
    const room = new TestRoom(backend);
    expect(await failure(room.session.getStats())).to.include({ code: 'state' });
  });
});
