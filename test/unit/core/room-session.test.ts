import { expect } from '@open-wc/testing';
import { KICK_MESSAGE } from '../../../src/core/kick-message.js';
import type { TokenAnswer, TokenRequest } from '../../../src/core/types.js';
import type { FakeBackend } from '../../../src/drivers/fake/index.js';
import { until } from './capture-harness.js';
import { publication } from '../publication.js';
import { failure, startBackend, TestPublisher, TestRoom } from './session-harness.js';

describe('room session', () => {
  let backend: FakeBackend;
  const random = Math.random;

  beforeEach(() => {
    backend = startBackend();
    Math.random = () => 0;
  });

  afterEach(async () => {
    Math.random = random;
    await backend.flush();
    expect(backend.violations).to.deep.equal([]);
  });

  async function ended(room: TestRoom): Promise<void> {
    room.session.end();
    await backend.flush();
    expect(backend.clients.size, 'clients left over').to.equal(0);
  }

  describe('joining and leaving', () => {
    it('acquires nothing before joined is wanted', async () => {
      new TestRoom(backend);
      await backend.flush();
      expect(backend.created).to.have.length(0);
    });

    it('joins, tells, leaves, destroys; joins again with a new client', async () => {
      const room = await new TestRoom(backend).join();
      expect(room.states).to.deep.equal(['connecting', 'connected']);
      expect(room.all('rtc-joined')).to.deep.equal([
        { roomId: '1', userId: 'alice', userRole: 'anchor' },
      ]);
      expect(room.session).to.include({ inRoom: true, role: 'anchor', userId: 'alice' });
      room.set({ joined: false });
      await room.session.whenLeft();
      expect(room.left).to.deep.equal(['leave']);
      expect(room.session).to.include({ inRoom: false, role: null, client: null });
      expect(backend.clients.size).to.equal(0);
      await room.join();
      expect(backend.created).to.have.length(2);
      await ended(room);
      expect(room.left).to.deep.equal(['leave', 'element-removed']);
    });

    it('counts the changes of one task as one', async () => {
      const room = new TestRoom(backend);
      room.set({ joined: true, roomId: '5' });
      room.set({ roomId: '6' });
      room.set({ userId: 'bob' });
      await backend.flush();
      expect(backend.joins).to.equal(1);
      expect(backend.client('bob', '6')).not.to.equal(undefined);
      await ended(room);
    });

    it('ends a join in flight when it is not wanted any more, and tells both promises', async () => {
      backend.scheduler.manual = true;
      const room = new TestRoom(backend);
      room.set({ joined: true });
      const joined = failure(room.session.whenJoined());
      await until(() => backend.joins);
      room.set({ joined: false });
      const left = room.session.whenLeft();
      expect((await joined).code).to.equal('aborted');
      await left;
      expect(room.states).to.deep.equal(['connecting', 'disconnected']);
      expect(room.errors).to.have.length(0);
      expect(backend.clients.size).to.equal(0);
    });

    for (const how of ['never', 'late'] as const) {
      it(`is not held up by a join that settles ${how}`, async () => {
        const room = new TestRoom(backend);
        backend.fail('join', how);
        backend.scheduler.manual = how === 'late';
        room.set({ joined: true });
        await until(() => backend.joins === 1);
        room.set({ roomId: '2' });
        await until(() => backend.joins === 2);
        backend.scheduler.manual = false;
        await until(() => room.session.inRoom);
        await backend.flush();
        expect(backend.clients.size).to.equal(1);
        expect(backend.joined.map(({ config }) => config.roomId)).to.deep.equal(['2']);
        await ended(room);
      });
    }

    it('leaves and joins anew when what the stay is bound to changes, with one client at a time', async () => {
      const room = await new TestRoom(backend).join();
      let most = 0;
      const { createClient } = backend.driver;
      backend.driver.createClient = (config, listener) => {
        const client = createClient(config, listener);
        most = Math.max(most, backend.clients.size);
        return client;
      };
      for (const change of [
        { roomId: '2' },
        { userId: 'ann' },
        { mode: 'rtc' },
        { url: 'x' },
        { appId: 'y' },
      ] as const) {
        const before = backend.joins;
        room.set({ ...change, ...('mode' in change && { roomId: '3' }) });
        await room.session.whenJoined();
        expect(backend.joins).to.equal(before + 1);
        await backend.flush();
      }
      expect(most).to.equal(1);
      await ended(room);
    });

    it('does not rejoin for what changes in place or at the next need', async () => {
      const room = await new TestRoom(backend).join();
      room.set({
        userData: 'Alice',
        token: 't',
        tokenUrl: '/x',
        kickFrom: ['bob'],
        audioLevels: true,
      });
      await backend.flush();
      const client = backend.client('alice');
      expect(backend.joins).to.equal(1);
      expect(client?.member?.userData).to.equal('Alice');
      expect(client?.audioLevels).to.equal(true);
      await ended(room);
    });

    it('leaves at once when the page goes', async () => {
      const room = await new TestRoom(backend).join();
      room.session.leaveNow();
      expect(room.session.inRoom).to.equal(false);
      expect(backend.clients.size).to.equal(0);
    });

    it('goes on when the back end does not answer to leave', async () => {
      const room = await new TestRoom(backend).join();
      backend.fail('leave', 'network');
      room.set({ joined: false });
      await room.session.whenLeft();
      expect(backend.clients.size).to.equal(0);
      expect(room.errors).to.have.length(0);
    });

    it('tells who joins again while it leaves when it is in again', async () => {
      const room = await new TestRoom(backend).join();
      backend.scheduler.manual = true;
      room.set({ joined: false });
      const left = failure(room.session.whenLeft());
      await until(() => backend.created[0]?.calls.includes('leave'));
      room.set({ joined: true });
      let inside = false;
      const joined = room.session.whenJoined().then(() => (inside = true));
      expect((await left).code).to.equal('aborted');
      expect(inside).to.equal(false);
      backend.scheduler.manual = false;
      await joined;
      expect(room.session.inRoom).to.equal(true);
      expect(backend.joins).to.equal(2);
      await ended(room);
    });

    it('revives after its end', async () => {
      const room = await new TestRoom(backend).join();
      await ended(room);
      await room.join();
      await ended(room);
    });
  });

  describe('three kinds of failure', () => {
    it('incomplete: says so once, keeps the wish, and joins when complete', async () => {
      const room = new TestRoom(backend, { roomId: undefined });
      room.set({ joined: true });
      const joined = await failure(room.session.whenJoined());
      await backend.flush();
      expect(joined).to.include({ code: 'argument', fatal: false });
      expect(room.all('rtc-error')).to.have.length(1);
      expect(room.all('rtc-error')[0]?.reverted).to.deep.equal([]);
      expect(room.wish.joined).to.equal(true);
      expect(backend.created).to.have.length(0);
      room.set({ roomId: '1' });
      await until(() => room.session.inRoom);
      expect(room.session.error).to.equal(null);
      await ended(room);
    });

    for (const code of ['network', 'timeout'] as const) {
      it(`transient (${code}): keeps the wish and tries again by itself`, async () => {
        backend.fail('join', code, 2);
        const room = new TestRoom(backend);
        room.set({ joined: true });
        expect(await failure(room.session.whenJoined())).to.include({ code, fatal: false });
        await until(() => room.session.inRoom);
        expect(room.errors.map((error) => error.code)).to.deep.equal([code, code]);
        expect(room.wish.joined).to.equal(true);
        expect(backend.joins).to.equal(3);
        expect(backend.clients.size).to.equal(1);
        await ended(room);
      });
    }

    it('stops trying as soon as the wish is gone', async () => {
      backend.fail('join', 'network', 9);
      const room = new TestRoom(backend);
      room.set({ joined: true });
      await until(() => room.errors.length);
      room.set({ joined: false });
      await room.session.whenLeft();
      const { joins } = backend;
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(backend.joins).to.equal(joins);
    });

    for (const code of [
      'auth',
      'forbidden',
      'room-full',
      'join-failed',
      'sdk-missing',
      'unknown',
    ] as const) {
      it(`refused (${code}): takes the wish back`, async () => {
        backend.fail('join', code);
        const room = new TestRoom(backend);
        room.set({ joined: true });
        expect(await failure(room.session.whenJoined())).to.include({ code, fatal: true });
        await backend.flush();
        expect(room.wish.joined).to.equal(false);
        expect(room.all('rtc-error').map(({ reverted }) => reverted)).to.deep.equal([['joined']]);
        expect(room.states).to.deep.equal(['connecting', 'disconnected']);
        expect(room.session.error?.provider).to.equal(backend.driver.name);
        expect(backend.clients.size).to.equal(0);
        await room.join();
        expect(room.session.error).to.equal(null);
        await ended(room);
      });
    }

    for (const [what, wish] of [
      ['a bad room id', { roomId: 'a b' }],
      ['a bad user id', { userId: 'x'.repeat(129) }],
      ['audience in rtc mode', { mode: 'rtc', userRole: 'audience' }],
      ['an unknown provider', { provider: 'nobody' }],
      ['unknown driver options', { driverOptions: '{"zzz":1}' }],
      ['broken driver options', { driverOptions: '{' }],
    ] as const) {
      it(`refuses ${what} as argument`, async () => {
        const room = new TestRoom(backend, wish);
        room.set({ joined: true });
        expect(await failure(room.session.whenJoined())).to.include({
          code: 'argument',
          fatal: true,
        });
        await backend.flush();
        expect(room.wish.joined).to.equal(false);
        expect(backend.clients.size).to.equal(0);
      });
    }

    it('waits for the same user who is just leaving', async () => {
      const first = await new TestRoom(backend).join();
      backend.scheduler.manual = true;
      first.set({ joined: false });
      const second = new TestRoom(backend);
      second.set({ joined: true });
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect([second.errors.length, backend.joins]).to.deep.equal([0, 1]);
      backend.scheduler.manual = false;
      await until(() => second.session.inRoom);
      expect(first.left).to.deep.equal(['leave']);
      expect(backend.clients.size).to.equal(1);
      await ended(second);
    });

    it('refuses the same user in the same room a second time on a page, and leaves the first alone', async () => {
      const first = await new TestRoom(backend).join();
      const second = new TestRoom(backend);
      second.set({ joined: true });
      expect(await failure(second.session.whenJoined())).to.include({ code: 'state', fatal: true });
      await backend.flush();
      expect(first.session.inRoom).to.equal(true);
      expect(backend.clients.size).to.equal(1);
      await ended(first);
      await second.join();
      await ended(second);
    });

    it('lets the same user into two rooms of a page', async () => {
      const first = await new TestRoom(backend, { roomId: '1' }).join();
      const second = await new TestRoom(backend, { roomId: '2' }).join();
      expect([first.session.inRoom, second.session.inRoom]).to.deep.equal([true, true]);
      expect(backend.clients.size).to.equal(2);
      first.session.end();
      await ended(second);
    });
  });

  describe('roles', () => {
    it('switches in place, and latest wish wins', async () => {
      const room = await new TestRoom(backend, { userRole: 'audience' }).join();
      backend.scheduler.manual = true;
      room.set({ userRole: 'anchor' });
      const anchor = failure(room.session.whenRole('anchor'));
      await until(() => backend.scheduler.waiting);
      room.set({ userRole: 'audience' });
      const audience = room.session.whenRole('audience');
      expect((await anchor).code).to.equal('aborted');
      backend.scheduler.manual = false;
      await backend.flush();
      await audience;
      expect(backend.client('alice')?.member?.role).to.equal('audience');
      expect(room.session.role).to.equal('audience');
      expect(backend.joins).to.equal(1);
      await ended(room);
    });

    it('becomes what it is when the switch is refused', async () => {
      const room = await new TestRoom(backend, { userRole: 'audience' }).join();
      backend.fail('switchRole', 'room-full');
      room.set({ userRole: 'anchor' });
      expect(await failure(room.session.whenRole('anchor'))).to.include({
        code: 'room-full',
        fatal: true,
      });
      expect(room.wish.userRole).to.equal('audience');
      expect(room.all('rtc-error')[0]?.reverted).to.deep.equal(['user-role']);
      expect(room.session.inRoom).to.equal(true);
      await ended(room);
    });

    it('tells the reason to who asks when the switch, or the join, is refused already', async () => {
      const room = await new TestRoom(backend).join();
      const unknown = 'viewer' as 'anchor';
      room.set({ userRole: unknown });
      await backend.flush();
      expect((await failure(room.session.whenRole(unknown))).code).to.equal('argument');
      room.set({ joined: false });
      await backend.flush();
      room.set({ joined: true, userId: 'a b' });
      await backend.flush();
      expect((await failure(room.session.whenJoined())).code).to.equal('argument');
      room.session.end();
    });

    it('tells who waits for a role that the page has left', async () => {
      const room = await new TestRoom(backend, { userRole: 'audience' }).join();
      backend.fail('switchRole', 'never');
      room.set({ userRole: 'anchor' });
      const switched = failure(room.session.whenRole('anchor'));
      await until(() => backend.created[0]?.calls.includes('switchRole'));
      room.set({ joined: false });
      expect((await switched).code).to.equal('aborted');
      room.session.end();
    });

    it('tells who waits for a role that the user is not let in, or was removed', async () => {
      const room = new TestRoom(backend);
      backend.fail('join', 'forbidden');
      room.set({ joined: true });
      const refused = failure(room.session.whenRole('anchor'));
      expect((await refused).code).to.equal('forbidden');
      await room.join({ userRole: 'audience' });
      backend.fail('switchRole', 'never');
      room.set({ userRole: 'anchor' });
      const removed = failure(room.session.whenRole('anchor'));
      const [client] = backend.joined;
      if (client) backend.end(client, 'banned', 'Out.');
      expect(await removed).to.include({ code: 'forbidden', message: 'Out.' });
    });

    it('tries a switch again that failed on the way', async () => {
      const room = await new TestRoom(backend, { userRole: 'audience' }).join();
      backend.fail('switchRole', 'network');
      room.set({ userRole: 'anchor' });
      await until(() => room.session.role === 'anchor');
      expect(room.errors.map(({ code, fatal }) => [code, fatal])).to.deep.equal([
        ['network', false],
      ]);
      await ended(room);
    });

    it('follows the server, which takes a role away', async () => {
      const room = await new TestRoom(backend).join();
      const publisher = new TestPublisher();
      publisher.wanted = [publication()];
      room.session.addPublisher(publisher);
      await until(() => publisher.confirmed.size);
      const [client] = backend.joined;
      if (client) backend.forceRole(client, 'audience');
      await backend.flush();
      expect(room.wish.userRole).to.equal('audience');
      expect(room.all('rtc-role-changed')).to.deep.equal([
        { userRole: 'audience', previousRole: 'anchor' },
      ]);
      expect(publisher.confirmed.size).to.equal(0);
      expect(publisher.active).to.equal(false);
      await ended(room);
    });
  });

  describe('publishing', () => {
    /** Asked for the join, with one publisher; the back end answers nothing yet. */
    async function joining(): Promise<{ room: TestRoom; publisher: TestPublisher }> {
      backend.scheduler.manual = true;
      const room = new TestRoom(backend);
      const publisher = new TestPublisher();
      publisher.wanted = [publication()];
      room.session.addPublisher(publisher);
      expect(publisher.active).to.equal(false);
      room.set({ joined: true });
      await until(() => publisher.active && backend.joins);
      return { room, publisher };
    }

    it('is asked for from the moment that joining starts, and published with the join', async () => {
      const { room, publisher } = await joining();
      expect(room.session.inRoom).to.equal(false);
      expect(publisher.confirmed.size).to.equal(0);
      backend.scheduler.manual = false;
      await until(() => publisher.confirmed.size);
      expect(backend.created[0]?.calls).not.to.include('publish');
      room.set({ joined: false });
      expect(publisher.active).to.equal(false);
      await backend.flush();
      expect(publisher.confirmed.size).to.equal(0);
    });

    it('stops sending what nobody wants, also when that is refused at first', async () => {
      const room = await new TestRoom(backend).join();
      const publisher = new TestPublisher();
      publisher.wanted = [publication()];
      room.session.addPublisher(publisher);
      await until(() => publisher.confirmed.size);
      backend.fail('unpublish', 'forbidden');
      publisher.wanted = [];
      room.session.publisherChanged();
      await until(() => !publisher.confirmed.size);
      expect(publisher.failures).to.deep.equal([]);
      await ended(room);
    });

    it('takes back what the join published and nobody wants any more', async () => {
      const { room, publisher } = await joining();
      publisher.wanted = [];
      room.session.publisherChanged();
      backend.scheduler.manual = false;
      await until(() => room.session.inRoom);
      await backend.flush();
      expect(backend.created[0]?.calls).to.include('unpublish');
      expect(backend.created[0]?.published).to.deep.equal([]);
      await ended(room);
    });

    it('publishes as an anchor only, changes in place, and unpublishes', async () => {
      const room = await new TestRoom(backend, { userRole: 'audience' }).join();
      const publisher = new TestPublisher();
      publisher.wanted = [publication()];
      const remove = room.session.addPublisher(publisher);
      await backend.flush();
      expect(backend.created[0]?.calls).not.to.include('publish');
      room.set({ userRole: 'anchor' });
      await until(() => publisher.confirmed.size);
      publisher.wanted = [publication({ audioMuted: true })];
      room.session.publisherChanged();
      await until(() => publisher.confirmed.get('main')?.audioMuted);
      remove();
      await backend.flush();
      expect(backend.created[0]?.published).to.deep.equal([]);
      await ended(room);
    });

    it('refuses a second publisher of one type, and lets it in when the first is gone', async () => {
      const room = await new TestRoom(backend).join();
      const [first, second] = [new TestPublisher(), new TestPublisher()];
      first.wanted = second.wanted = [publication()];
      const remove = room.session.addPublisher(first);
      room.session.addPublisher(second);
      await backend.flush();
      expect(second.failures.map(({ code, fatal }) => [code, fatal])).to.deep.equal([
        ['state', true],
      ]);
      expect(second.confirmed.size).to.equal(0);
      remove();
      await until(() => second.confirmed.size);
      await ended(room);
    });

    it('tries again what failed on the way, and not what was refused', async () => {
      const room = await new TestRoom(backend).join();
      const publisher = new TestPublisher();
      publisher.wanted = [publication()];
      backend.fail('publish', 'network');
      room.session.addPublisher(publisher);
      await until(() => publisher.confirmed.size);
      expect(publisher.failures.map(({ code, fatal }) => [code, fatal])).to.deep.equal([
        ['network', false],
      ]);
      backend.fail('publish', 'forbidden');
      publisher.wanted = [publication({ videoMuted: true })];
      room.session.publisherChanged();
      await until(() => publisher.failures.length === 2);
      expect(publisher.failures[1]).to.include({ code: 'forbidden', fatal: true });
      await ended(room);
    });
  });

  describe('the back end ends the stay', () => {
    for (const reason of ['kick', 'banned', 'room_disband'] as const) {
      it(`${reason}: takes joined back, tells, and stays out`, async () => {
        const room = await new TestRoom(backend).join();
        const publisher = new TestPublisher();
        room.session.addPublisher(publisher);
        const [client] = backend.joined;
        if (client) backend.end(client, reason, 'Out.');
        await backend.flush();
        expect(room.wish.joined).to.equal(false);
        expect(room.all('rtc-client-banned')).to.deep.equal([{ reason, message: 'Out.' }]);
        expect(room.left).to.deep.equal([reason]);
        expect(room.all('rtc-error')[0]).to.deep.include({ reverted: ['joined'] });
        expect(room.session.ended).to.include({ reason });
        expect(publisher.active).to.equal(false);
        expect(backend.clients.size).to.equal(0);
        expect(backend.joins).to.equal(1);
        expect(room.states.at(-1)).to.equal('disconnected');
        await room.join();
        expect(room.session.ended).to.equal(null);
        await ended(room);
      });
    }

    it('token-expired is no ban', async () => {
      const room = await new TestRoom(backend).join();
      const [client] = backend.joined;
      if (client) backend.end(client, 'token-expired');
      await backend.flush();
      expect(room.all('rtc-client-banned')).to.have.length(0);
      expect(room.left).to.deep.equal(['token-expired']);
      expect(room.wish.joined).to.equal(false);
    });

    it('connection-lost: joins again by itself and names the session', async () => {
      const room = await new TestRoom(backend).join();
      const [client] = backend.joined;
      const session = client?.member?.id;
      if (client) backend.end(client, 'connection-lost');
      await until(() => backend.joined.length && backend.joins === 2);
      expect(backend.created[1]?.request?.previousSession).to.equal(session);
      expect(room.left).to.deep.equal(['connection-lost']);
      await until(() => room.session.inRoom);
      expect(room.states).to.deep.equal([
        'connecting',
        'connected',
        'disconnected',
        'connecting',
        'connected',
      ]);
      await ended(room);
    });

    it('does not come back to where it was removed meanwhile', async () => {
      const room = await new TestRoom(backend).join();
      const [client] = backend.joined;
      backend.remember(client?.member?.id ?? '', 'room_disband', 'Dismissed.');
      if (client) backend.end(client, 'connection-lost');
      await until(() => !room.wish.joined);
      expect(room.all('rtc-client-banned')).to.deep.equal([
        { reason: 'room_disband', message: 'Dismissed.' },
      ]);
      expect(backend.clients.size).to.equal(0);
      await room.join();
      expect(backend.created.at(-1)?.request?.previousSession).to.equal(undefined);
      await ended(room);
    });

    it('reconnecting and reconnected are states in the room', async () => {
      const room = await new TestRoom(backend).join();
      const [client] = backend.joined;
      if (!client) throw new Error('no client');
      backend.drop(client);
      await backend.flush();
      expect(room.session).to.include({ state: 'reconnecting', inRoom: true });
      backend.restore(client);
      await backend.flush();
      expect(room.states).to.deep.equal(['connecting', 'connected', 'reconnecting', 'reconnected']);
      await ended(room);
    });

    it('the same user elsewhere kicks', async () => {
      const room = await new TestRoom(backend).join();
      const other = new TestRoom(startBackend(), {});
      expect(other.session.inRoom).to.equal(false);
      backend.addUser('1', 'alice', { mode: 'live' }).switchRole('anchor');
      await backend.flush();
      expect(room.left).to.deep.equal(['kick']);
    });
  });

  describe('users and messages', () => {
    it('takes back user data that the back end refuses', async () => {
      const room = await new TestRoom(backend, { userData: 'before' }).join();
      backend.fail('setUserData', 'forbidden');
      room.set({ userData: 'after' });
      await until(() => room.all('rtc-error').length);
      expect(room.wish.userData).to.equal('before');
      expect(room.all('rtc-error')[0]?.reverted).to.deep.equal(['user-data']);
      expect(room.all('rtc-error')[0]?.error.fatal).to.equal(true);
    });

    it('announces who is there after rtc-joined, then who comes, changes and goes', async () => {
      const bob = backend.addUser('1', 'bob', { mode: 'live', userData: 'B' });
      bob.publish();
      const room = await new TestRoom(backend).join();
      const order = room.events.map(({ type }) => type);
      expect(order.indexOf('rtc-joined')).to.be.lessThan(order.indexOf('rtc-user-joined'));
      expect(order.indexOf('rtc-user-joined')).to.be.lessThan(order.indexOf('rtc-stream-added'));
      expect(room.session.getRemoteUser('bob')).to.include({ userData: 'B', userRole: 'anchor' });
      bob.setUserData('C');
      bob.publish({ audioMuted: true });
      bob.leave('timeout');
      await backend.flush();
      expect(room.all('rtc-user-updated')[0]).to.include({ userId: 'bob', userData: 'C' });
      expect(room.all('rtc-mute-changed')).to.deep.equal([
        { roomId: '1', userId: 'bob', kind: 'audio', muted: true },
      ]);
      expect(room.all('rtc-stream-removed')).to.have.length(1);
      expect(room.all('rtc-user-left')).to.deep.equal([
        { roomId: '1', userId: 'bob', reason: 'timeout' },
      ]);
      expect(room.session.users).to.have.length(0);
      await ended(room);
    });

    it('is one user who is there twice, as a link and an anchor', async () => {
      const room = await new TestRoom(backend).join();
      const link = backend.addUser('1', 'bob', { role: 'audience', link: true });
      const anchor = backend.addUser('1', 'bob');
      await backend.flush();
      expect(room.session.users).to.have.length(1);
      expect(room.session.getRemoteUser('bob')?.userRole).to.equal('anchor');
      anchor.leave();
      await backend.flush();
      expect(room.all('rtc-user-left')).to.have.length(0);
      link.leave();
      await backend.flush();
      expect(room.all('rtc-user-joined')).to.have.length(1);
      expect(room.all('rtc-user-left')).to.have.length(1);
      await ended(room);
    });

    it('sends and receives messages, to all and to some', async () => {
      const alice = await new TestRoom(backend).join();
      const bob = await new TestRoom(backend, { userId: 'bob' }).join();
      const carol = await new TestRoom(backend, { userId: 'carol' }).join();
      await alice.session.sendMessage('all');
      await alice.session.sendMessage('bob', 'bob');
      const nobody = alice.session.sendMessage('x', 5 as unknown as string);
      expect((await failure(nobody)).code).to.equal('argument');
      await backend.flush();
      expect(bob.all('rtc-message-received').map(({ data, from }) => [data, from])).to.deep.equal([
        ['all', 'alice'],
        ['bob', 'alice'],
      ]);
      expect(carol.all('rtc-message-received')).to.have.length(1);
      expect(alice.all('rtc-message-received')).to.have.length(0);
      for (const room of [alice, bob, carol]) room.session.end();
      await backend.flush();
    });

    it('obeys a kick message only of whom kick-from names', async () => {
      const room = await new TestRoom(backend, { kickFrom: ['boss'] }).join();
      const bob = backend.addUser('1', 'bob');
      const boss = backend.addUser('1', 'boss');
      bob.send(KICK_MESSAGE);
      await backend.flush();
      expect(room.session.inRoom).to.equal(true);
      boss.send(KICK_MESSAGE);
      await backend.flush();
      expect(room.session.inRoom).to.equal(false);
      expect(room.wish.joined).to.equal(false);
      expect(room.all('rtc-left')).to.deep.equal([
        { roomId: '1', reason: 'kicked-by-user', by: 'boss' },
      ]);
    });

    it('kicks through the server when it may, else by message', async () => {
      const room = await new TestRoom(backend).join();
      const bob = await new TestRoom(backend, { userId: 'bob' }).join();
      await room.session.kick('bob');
      await backend.flush();
      expect(bob.left).to.deep.equal([]);
      expect(bob.all('rtc-message-received').map(({ data }) => data)).to.deep.equal([KICK_MESSAGE]);
      backend.moderators.add('alice');
      await room.session.kick('bob');
      await backend.flush();
      expect(bob.left).to.deep.equal(['banned']);
      await ended(room);
    });

    it('says what a back end cannot do, and what needs a room', async () => {
      backend.capabilities.clear();
      const room = new TestRoom(backend);
      expect(await failure(room.session.sendMessage('x'))).to.include({ code: 'state' });
      await room.join({ userData: 'x' });
      expect(await failure(room.session.sendMessage('x'))).to.include({ code: 'unsupported' });
      expect(await failure(room.session.kick('x'))).to.include({ code: 'unsupported' });
      expect(await failure(room.session.getStats())).to.include({ code: 'unsupported' });
      room.set({ userData: 'y', audioLevels: true });
      await backend.flush();
      expect(room.errors).to.have.length(0);
      await ended(room);
    });
  });

  describe('tokens', () => {
    const asked: TokenRequest[] = [];
    const source =
      (...answers: (TokenAnswer | string | Error)[]) =>
      (request: TokenRequest) => {
        asked.push(request);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        if (answer instanceof Error) throw answer;
        return answer ?? {};
      };
    const realFetch = window.fetch;

    beforeEach(() => {
      asked.length = 0;
    });
    afterEach(() => {
      window.fetch = realFetch;
    });

    /** A token endpoint of these answers, in turn. */
    function endpoint(...answers: (() => Response)[]): RequestInit[] {
      const requests: RequestInit[] = [];
      window.fetch = (_url, init = {}) => {
        requests.push(init);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        return Promise.resolve().then(() =>
          answer ? answer() : Promise.reject(new TypeError('down')),
        );
      };
      return requests;
    }

    it('lets the answer win over the attributes', async () => {
      const other = startBackend();
      const room = new TestRoom(backend, {
        tokenSource: source({
          token: 't',
          userId: 'bob',
          userRole: 'audience',
          userData: 'B',
          provider: other.driver.name,
        }),
        token: 'attribute',
      });
      room.set({ joined: true });
      await until(() => room.session.inRoom);
      expect(asked[0]).to.include({
        reason: 'join',
        roomId: '1',
        userId: 'alice',
        userRole: 'anchor',
      });
      expect(other.client('bob')?.member).to.include({ role: 'audience', userData: 'B' });
      expect(other.client('bob')?.credentials.token).to.equal('t');
      expect(backend.clients.size).to.equal(0);
      expect(room.wish.userRole).to.equal('audience');
      await other.flush();
      expect(other.created[0]?.calls).not.to.include('switchRole');
      room.session.end();
      await other.flush();
      expect(other.clients.size).to.equal(0);
    });

    it('asks once more after auth, then is refused', async () => {
      backend.fail('join', 'auth', 2);
      const room = new TestRoom(backend, { tokenSource: source('old', 'new') });
      room.set({ joined: true });
      expect(await failure(room.session.whenJoined())).to.include({ code: 'auth', fatal: true });
      expect(asked).to.have.length(2);
      expect(backend.joins).to.equal(2);
      await backend.flush();
      expect(backend.clients.size).to.equal(0);
    });

    it('does not ask an attribute twice', async () => {
      backend.fail('join', 'auth', 2);
      const room = new TestRoom(backend, { token: 'x' });
      room.set({ joined: true });
      expect(await failure(room.session.whenJoined())).to.include({ code: 'auth' });
      expect(backend.joins).to.equal(1);
      backend.heal();
    });

    it('asks the endpoint with POST, retries 5xx, refuses 4xx', async () => {
      const requests = endpoint(
        () => new Response('', { status: 503 }),
        () => Response.json({ token: 'good' }),
      );
      const room = new TestRoom(backend, { tokenUrl: '/token' });
      room.set({ joined: true });
      expect(await failure(room.session.whenJoined())).to.include({
        code: 'network',
        fatal: false,
      });
      await until(() => room.session.inRoom);
      expect(requests[0]).to.include({ method: 'POST', credentials: 'same-origin' });
      expect(JSON.parse(String(requests[0]?.body))).to.deep.equal({
        provider: backend.driver.name,
        roomId: '1',
        userId: 'alice',
        userRole: 'anchor',
        reason: 'join',
      });
      expect(backend.client('alice')?.credentials.token).to.equal('good');
      await ended(room);
      endpoint(() => new Response('', { status: 401 }));
      room.set({ joined: true });
      expect(await failure(room.session.whenJoined())).to.include({ code: 'auth', fatal: true });
      expect(room.wish.joined).to.equal(false);
    });

    it('waits in the waiting room, and can be called off there', async () => {
      endpoint(
        () => new Response('', { status: 202, headers: { 'retry-after': '1' } }),
        () => Response.json({ token: 'in' }),
      );
      const room = new TestRoom(backend, { tokenUrl: '/token' });
      room.set({ joined: true });
      await until(() => room.all('rtc-waiting').length);
      expect(room.session.waiting).to.equal(1);
      await until(() => room.session.inRoom);
      expect(room.session.waiting).to.equal(null);
      await ended(room);
      endpoint(() => new Response('', { status: 202, headers: { 'retry-after': '100' } }));
      room.set({ joined: true });
      await until(() => room.session.waiting === 100);
      room.set({ joined: false });
      await room.session.whenLeft();
      expect(room.session.waiting).to.equal(null);
      expect(backend.clients.size).to.equal(0);
    });

    it('asks for the role of before when a switch is called off that the endpoint may have made', async () => {
      const roles: string[] = [];
      const answers: (() => void)[] = [];
      const room = new TestRoom(backend, {
        userRole: 'audience',
        tokenSource: ({ userRole, reason }) => {
          roles.push(userRole);
          if (reason === 'join' || userRole === 'audience') return 'token';
          return new Promise((resolve) => answers.push(() => resolve('token')));
        },
      });
      await room.join();
      room.set({ userRole: 'anchor' });
      await until(() => answers.length);
      room.set({ userRole: 'audience' });
      await until(() => backend.created[0]?.calls.includes('switchRole'));
      await backend.flush();
      expect(roles).to.deep.equal(['audience', 'anchor', 'audience']);
      expect(room.session.role).to.equal('audience');
      expect(room.all('rtc-role-changed')).to.deep.equal([]);
      await ended(room);
    });

    it('asks again for a role switch, with the reason', async () => {
      const room = new TestRoom(backend, {
        userRole: 'audience',
        tokenSource: source('one', 'two'),
      });
      await room.join();
      room.set({ userRole: 'anchor' });
      await until(() => room.session.role === 'anchor');
      expect(asked.map(({ reason, userRole }) => [reason, userRole])).to.deep.equal([
        ['join', 'audience'],
        ['role', 'anchor'],
      ]);
      expect(backend.client('alice')?.credentials.token).to.equal('two');
      await ended(room);
    });

    it('renews before the token expires, without a rejoin', async () => {
      const room = new TestRoom(backend, {
        tokenSource: source({ token: 'one', expiresAt: Date.now() + 1200 }, { token: 'two' }),
      });
      await room.join();
      await until(() => asked.length === 2);
      await until(() => backend.client('alice')?.credentials.token === 'two');
      expect(asked[1]?.reason).to.equal('renew');
      expect(backend.joins).to.equal(1);
      await ended(room);
    });

    it('asks no more for a join that is refused meanwhile', async () => {
      const requests = endpoint(
        () => new Response('', { status: 202, headers: { 'retry-after': '1' } }),
      );
      const room = new TestRoom(backend, { tokenUrl: '/token', driverOptions: '{"zzz":1}' });
      room.set({ joined: true });
      expect(await failure(room.session.whenJoined())).to.include({ code: 'argument' });
      const { length } = requests;
      await new Promise((resolve) => setTimeout(resolve, 1_300));
      expect(requests).to.have.length(length);
      expect(room.session.waiting).to.equal(null);
    });

    it('renews for the role of now, not for that of the join', async () => {
      const room = await new TestRoom(backend, {
        userRole: 'audience',
        tokenSource: source({ token: 'one', expiresAt: Date.now() + 1_500 }, { token: 'two' }),
      }).join();
      room.set({ userRole: 'anchor' });
      await until(() => room.session.role === 'anchor');
      await until(() => asked.length === 3);
      expect(asked.map(({ reason, userRole }) => `${reason} ${userRole}`)).to.deep.equal([
        'join audience',
        'role anchor',
        'renew anchor',
      ]);
      await ended(room);
    });

    it('does not ask again and again for a token that has ended by a clock that is fast', async () => {
      const room = new TestRoom(backend, {
        tokenSource: source({ token: 'one', expiresAt: Date.now() - 60_000 }),
      });
      await room.join();
      await new Promise((resolve) => setTimeout(resolve, 1_300));
      expect(asked).to.have.length(1);
      await ended(room);
    });

    it('tries again when a token source finds no way to its server', async () => {
      const down = new TypeError('Failed to fetch');
      const room = new TestRoom(backend, { tokenSource: source(down, 'good') });
      room.set({ joined: true });
      expect(await failure(room.session.whenJoined())).to.include({
        code: 'network',
        fatal: false,
      });
      await until(() => room.session.inRoom);
      expect(room.wish.joined).to.equal(true);
      await ended(room);
    });

    it('a token source that fails is refused with its reason', async () => {
      const room = new TestRoom(backend, { tokenSource: source(new Error('no session')) });
      room.set({ joined: true });
      const error = await failure(room.session.whenJoined());
      expect(error).to.include({ code: 'auth', fatal: true });
      expect(error.message).to.contain('no session');
    });
  });
});
