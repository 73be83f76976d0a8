import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RoomError } from '../../src/server/room-error.js';
import { Bench, heard, OFFER, type Member } from './fixtures.js';

const refused = (code: string, ended?: string) => (error: unknown) => {
  assert.ok(error instanceof RoomError);
  assert.equal(error.code, code);
  assert.equal(error.ended, ended);
  return true;
};

describe('users', () => {
  test('a newcomer is told of everybody, and everybody of the newcomer', () => {
    const bench = new Bench();
    const alice = bench.join('alice', { data: 'Alice' });
    const bob = bench.join('bob', { streams: { main: { audio: 'on' } } });
    assert.deepEqual(
      bob.joined.peers.map(({ user, data }) => [user, data]),
      [['alice', 'Alice']],
    );
    assert.deepEqual(heard(alice, 'peer-joined')[0]?.peer.streams, { main: { audio: 'on' } });
  });

  test('a user without an id is a guest', () => {
    const bench = new Bench();
    assert.match(bench.join(undefined).joined.user, /^guest-/);
  });

  test('the same user joining again kicks the earlier session', () => {
    const bench = new Bench();
    const first = bench.join('alice');
    bench.join('alice');
    assert.equal(heard(first, 'ended')[0]?.reason, 'kick');
    assert.equal(bench.service.size.sessions, 1);
  });

  test('a link kicks nobody and is an audience', () => {
    const bench = new Bench();
    const alice = bench.anchor('alice');
    bench.audience('alice', { link: true });
    assert.equal(heard(alice, 'ended').length, 0);
    assert.throws(() => bench.anchor('alice', { link: true }), refused('forbidden'));
  });

  test('an audience that becomes anchor kicks the anchor of the same id', () => {
    const bench = new Bench();
    const first = bench.anchor('alice');
    const second = bench.audience('alice');
    bench.service.switchRole(second.session, 'anchor');
    assert.equal(heard(first, 'ended')[0]?.reason, 'kick');
  });

  test('user data and streams are told as they change', () => {
    const bench = new Bench();
    const alice = bench.join('alice');
    const bob = bench.join('bob');
    bench.service.handle(bob.session, { t: 'data', id: 1, data: 'Bob' });
    bench.service.handle(bob.session, {
      t: 'publish',
      id: 2,
      streams: { main: { video: 'muted' } },
    });
    const updates = heard(alice, 'peer-updated').map(({ peer }) => [peer.data, peer.streams]);
    assert.deepEqual(updates, [
      ['Bob', {}],
      ['Bob', { main: { video: 'muted' } }],
    ]);
  });

  test('an audience cannot publish', () => {
    const bench = new Bench();
    const viewer = bench.audience('v');
    assert.throws(
      () =>
        bench.service.handle(viewer.session, {
          t: 'publish',
          id: 1,
          streams: { main: { audio: 'on' } },
        }),
      refused('forbidden'),
    );
  });

  test('an audience has no place in a call', () => {
    assert.throws(() => new Bench().join('v', { role: 'audience' }), refused('argument'));
  });

  test('a room of the other mode is refused', () => {
    const bench = new Bench();
    bench.join('alice');
    assert.throws(() => bench.anchor('bob'), refused('state'));
  });

  test('a message goes to all but its sender, or to those it names, and never to another room', () => {
    const bench = new Bench();
    const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((user) => bench.join(user));
    const stranger = bench.join('bob', { room: 'other' });
    assert.ok(alice && bob && carol);
    bench.service.handle(alice.session, { t: 'message', id: 1, data: 'all' });
    bench.service.handle(alice.session, { t: 'message', id: 2, data: 'bob', to: ['bob'] });
    assert.deepEqual(
      heard(bob, 'message').map(({ data, from }) => [data, from]),
      [
        ['all', 'alice'],
        ['bob', 'alice'],
      ],
    );
    assert.deepEqual(
      heard(carol, 'message').map(({ data }) => data),
      ['all'],
    );
    assert.equal(heard(alice, 'message').length + heard(stranger, 'message').length, 0);
  });

  test('only a moderator removes users', () => {
    const bench = new Bench();
    const alice = bench.join('alice');
    const bob = bench.join('bob');
    assert.throws(
      () => bench.service.handle(alice.session, { t: 'kick', id: 1, user: 'bob' }),
      refused('forbidden'),
    );
    const claims = {
      room: '8888',
      user: 'mod',
      role: 'anchor',
      moderator: true,
      link: false,
      issuedAt: 0,
      expiresAt: 9e9,
    } as const;
    const moderator = bench.join('mod', {}, claims);
    bench.service.handle(moderator.session, { t: 'kick', id: 1, user: 'bob' });
    assert.equal(heard(bob, 'ended')[0]?.reason, 'banned');
    assert.equal(heard(alice, 'peer-left')[0]?.reason, 'banned');
  });
});

describe('connections', () => {
  test('the offer of a join goes to the longest-present publishing anchor; the others offer', () => {
    const bench = new Bench();
    const first = bench.join('first');
    const second = bench.join('second', { streams: { main: { video: 'on' } } });
    const third = bench.join('third', { streams: { main: { video: 'on' } } });
    const joiner = bench.join('joiner', { offer: OFFER });
    assert.equal(heard(second, 'connect').at(-1)?.connect.offer, OFFER);
    for (const other of [first, third])
      assert.equal(heard(other, 'connect').at(-1)?.connect.offerer, true);
    const parked = joiner.joined.connections.filter((one) => one.parked);
    assert.deepEqual(
      parked.map(({ peer, offerer }) => [peer, offerer]),
      [[second.session.id, true]],
    );
  });

  test('an audience and an audience are never connected', () => {
    const bench = new Bench();
    const one = bench.audience('one');
    const two = bench.audience('two');
    assert.equal(heard(one, 'connect').length + two.joined.connections.length, 0);
  });

  test('a viewer is connected before the anchor publishes, and the anchor knows what it wants', () => {
    const bench = new Bench();
    const anchor = bench.anchor('a');
    const viewer = bench.audience('v', { want: { audio: true, video: false } });
    assert.equal(viewer.joined.connections.length, 1);
    const [{ session, wishes } = { session: '', wishes: [] }] = heard(anchor, 'wanted');
    assert.equal(session, viewer.session.id);
    assert.deepEqual(
      wishes.map(({ type, audio, video }) => [type, audio, video]),
      [
        ['main', true, false],
        ['auxiliary', true, false],
      ],
    );
  });

  test('a join that wants one user only is connected with that one only', () => {
    const bench = new Bench();
    const a = bench.anchor('a');
    bench.anchor('b');
    const link = bench.audience('x', {
      link: true,
      want: { audio: true, video: true, only: ['a'] },
    });
    assert.deepEqual(
      link.joined.connections.map(({ peer }) => peer),
      [a.session.id],
    );
  });

  test('the explicit wish beats the default and is told when it is news', () => {
    const bench = new Bench();
    const a = bench.join('a');
    const b = bench.join('b');
    const before = heard(a, 'wanted').length;
    const wish = { session: a.session.id, type: 'main', audio: true, video: true, h: 360 } as const;
    bench.service.handle(b.session, { t: 'subscribe', id: 1, wishes: [wish] });
    bench.service.handle(b.session, { t: 'subscribe', id: 2, wishes: [wish] });
    assert.equal(heard(a, 'wanted').length, before + 1);
    assert.equal(heard(a, 'wanted').at(-1)?.wishes[0]?.h, 360);
  });

  test('signals pass inside a connection only', () => {
    const bench = new Bench();
    const a = bench.join('a');
    const b = bench.join('b');
    const stranger = bench.join('c');
    const conn = heard(a, 'connect')[0]?.connect.conn ?? '';
    bench.service.handle(stranger.session, { t: 'signal', conn, signal: { restart: true } });
    bench.service.handle(b.session, { t: 'signal', conn, signal: { candidate: null } });
    assert.deepEqual(
      heard(a, 'signal').map(({ signal }) => signal),
      [{ candidate: null }],
    );
  });

  const MORE = OFFER + 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:4\r\n';
  for (const [name, sdp] of [
    ['of another layout', MORE],
    ['with a bare media line', OFFER.replace(/^m=audio .*$/m, 'm=audio')],
  ] as const) {
    test(`an SDP ${name} is refused`, () => {
      const bench = new Bench();
      bench.join('a');
      const b = bench.join('b');
      const conn = b.joined.connections[0]?.conn ?? '';
      const signal = { sdp: { type: 'offer', sdp } } as const;
      assert.throws(
        () => bench.service.handle(b.session, { t: 'signal', conn, signal }),
        refused('argument'),
      );
    });
  }

  describe('in the place of another', () => {
    const YOUNG = 6_000;
    const pair = () => {
      const bench = new Bench();
      const [a, b] = [bench.join('a'), bench.join('b', { offer: OFFER })];
      const conn = b.joined.connections[0]?.conn ?? '';
      return { bench, a, b, conn };
    };
    const replacing = (member: Member) =>
      heard(member, 'connect')
        .map(({ connect }) => connect)
        .filter(({ replaces }) => replaces);

    test('both are told, and who has been here longer offers', () => {
      const { bench, a, b, conn } = pair();
      bench.clock.turn(YOUNG);
      bench.service.handle(b.session, { t: 'renew', conn });
      const [[mine], [theirs]] = [replacing(a), replacing(b)];
      assert.deepEqual(
        { ...mine, conn: '' },
        { conn: '', peer: b.session.id, offerer: true, replaces: conn },
      );
      assert.deepEqual(theirs, { ...mine, peer: a.session.id, offerer: false });
      bench.service.handle(b.session, { t: 'signal', conn, signal: { restart: true } });
      assert.deepEqual(heard(a, 'signal'), [], 'the old one carries no signals');
      const conns = [mine?.conn ?? '', conn];
      for (const one of conns)
        bench.service.handle(a.session, { t: 'signal', conn: one, signal: { candidate: null } });
      assert.deepEqual(
        heard(b, 'signal').map((one) => one.conn),
        [mine?.conn],
      );
    });

    test('both asking at once have one', () => {
      const { bench, a, b, conn } = pair();
      bench.clock.turn(YOUNG);
      for (const { session } of [a, b]) bench.service.handle(session, { t: 'renew', conn });
      assert.deepEqual([replacing(a).length, replacing(b).length], [1, 1]);
    });

    test('not before the present one had its time, and no sooner again', () => {
      const { bench, a, b, conn } = pair();
      bench.clock.turn(YOUNG - 1);
      bench.service.handle(a.session, { t: 'renew', conn });
      assert.equal(replacing(b).length, 0);
      bench.clock.turn(1);
      bench.service.handle(a.session, { t: 'renew', conn });
      const next = replacing(b)[0]?.conn ?? '';
      bench.service.handle(a.session, { t: 'renew', conn: next });
      assert.equal(replacing(b).length, 1);
    });

    test('a stranger has none made', () => {
      const { bench, a, b, conn } = pair();
      const [stranger, outsider] = [bench.join('c'), bench.join('d', { room: 'other' })];
      bench.clock.turn(YOUNG);
      for (const { session } of [stranger, outsider])
        for (const one of [conn, a.session.id, '__proto__'])
          bench.service.handle(session, { t: 'renew', conn: one });
      assert.deepEqual([a, b, stranger, outsider].flatMap(replacing), []);
    });

    test('those who receive nothing of each other any more have none made', () => {
      const bench = new Bench();
      const [a, v] = [bench.anchor('a'), bench.audience('v')];
      const conn = v.joined.connections[0]?.conn ?? '';
      const nothing = { session: a.session.id, audio: false, video: false };
      const wishes = (['main', 'auxiliary'] as const).map((type) => ({ ...nothing, type }));
      bench.service.handle(v.session, { t: 'subscribe', id: 1, wishes });
      bench.clock.turn(YOUNG);
      bench.service.handle(v.session, { t: 'renew', conn });
      assert.deepEqual(replacing(a), []);
    });
  });

  test('a role switch connects with the audience, and back disconnects', () => {
    const bench = new Bench();
    const v = bench.audience('v');
    const w = bench.audience('w');
    bench.service.switchRole(v.session, 'anchor');
    assert.equal(heard(w, 'connect').length, 1);
    assert.equal(heard(w, 'peer-updated')[0]?.peer.role, 'anchor');
    bench.service.switchRole(v.session, 'audience');
    assert.equal(heard(w, 'disconnect').length, 1);
  });
});

describe('capacity', () => {
  test('the thirteenth viewer is refused in words that name LiveKit', () => {
    const bench = new Bench();
    bench.anchor('a');
    for (let i = 0; i < 12; i++) bench.audience(`v${i}`);
    assert.throws(
      () => bench.audience('v12'),
      (error) => refused('room-full')(error) && /12.*LiveKit/.test((error as Error).message),
    );
  });

  test('viewers who come before the anchor count too', () => {
    const bench = new Bench();
    for (let i = 0; i < 12; i++) bench.audience(`v${i}`);
    assert.throws(() => bench.audience('v12'), refused('room-full'));
    bench.anchor('a');
  });

  test('who receives nothing is no viewer', () => {
    const bench = new Bench({ maxFanout: 1 });
    bench.anchor('a');
    bench.audience('v');
    const none = bench.audience('none', { want: { audio: false, video: false } });
    const wishes = [...(bench.service.getRoom('8888')?.users ?? [])];
    assert.equal(wishes.length, 3);
    const a = none.joined.peers.find(({ user }) => user === 'a')?.session ?? '';
    const wish = { session: a, type: 'main', audio: true, video: true } as const;
    assert.throws(
      () => bench.service.handle(none.session, { t: 'subscribe', id: 1, wishes: [wish] }),
      refused('room-full'),
    );
  });

  test('a link is a viewer like any other', () => {
    const bench = new Bench({ maxFanout: 1 });
    bench.anchor('a');
    bench.audience('v', { link: true });
    assert.throws(() => bench.audience('w'), refused('room-full'));
    assert.throws(() => bench.audience('x', { link: true }), refused('room-full'));
  });

  test('viewers of somebody who was an audience until now count too', () => {
    const bench = new Bench({ maxFanout: 1 });
    const singer = bench.audience('s', { want: { audio: false, video: false } });
    for (const user of ['v', 'w']) {
      const { session } = bench.audience(user, { want: { audio: false, video: false } });
      const wish = { session: singer.session.id, type: 'main', audio: true, video: true } as const;
      bench.service.handle(session, { t: 'subscribe', id: 1, wishes: [wish] });
    }
    assert.throws(() => bench.service.switchRole(singer.session, 'anchor'), refused('room-full'));
  });

  test('a subscription that is refused changes nothing', () => {
    const bench = new Bench({ maxFanout: 1 });
    const nothing = { want: { audio: false, video: false } };
    const [free, full] = [bench.anchor('free', nothing), bench.anchor('full', nothing)];
    const only = { audio: true, video: true, only: ['full'] };
    bench.audience('v', { want: only });
    const viewer = bench.audience('w', nothing);
    const wishes = [free, full].map(
      ({ session: { id } }) => ({ session: id, type: 'main', audio: true, video: true }) as const,
    );
    const ask = (some: typeof wishes): void =>
      bench.service.handle(viewer.session, { t: 'subscribe', id: 1, wishes: some });
    assert.throws(() => ask(wishes), refused('room-full'));
    const told = (): number =>
      heard(free, 'wanted').filter(({ session }) => session === viewer.session.id).length;
    bench.service.settle(viewer.session);
    assert.equal(told() + heard(viewer, 'connect').length, 0);
    ask(wishes.slice(0, 1));
    assert.equal(told(), 1);
  });

  test('a fifth anchor is refused in a live room, also by a role switch', () => {
    const bench = new Bench();
    for (let i = 0; i < 4; i++) bench.anchor(`a${i}`);
    const viewer = bench.audience('v');
    assert.throws(() => bench.service.switchRole(viewer.session, 'anchor'), refused('room-full'));
    assert.equal(viewer.session.role, 'audience');
  });
});

describe('timers', () => {
  test('a room closes 10 s after the last user has left', () => {
    const bench = new Bench();
    bench.service.leave(bench.join('a').session, 'leave');
    bench.clock.turn(9_999);
    assert.equal(bench.service.size.rooms, 1);
    bench.clock.turn(1);
    assert.equal(bench.service.size.rooms, 0);
  });

  test('a room made by the API closes after 30 s without anybody', () => {
    const bench = new Bench();
    bench.service.createRoom('8888');
    bench.clock.turn(29_999);
    assert.equal(bench.service.size.rooms, 1);
    bench.clock.turn(1);
    assert.equal(bench.service.size.rooms, 0);
  });

  test('a dropped user has left after 30 s of silence', () => {
    const bench = new Bench();
    const a = bench.join('a');
    const b = bench.join('b');
    bench.service.drop(b.session);
    bench.clock.turn(29_999);
    assert.equal(heard(a, 'peer-left').length, 0);
    bench.clock.turn(1);
    assert.equal(heard(a, 'peer-left')[0]?.reason, 'timeout');
  });

  test('a user who joins in time keeps the room open', () => {
    const bench = new Bench();
    bench.service.leave(bench.join('a').session, 'leave');
    bench.clock.turn(5_000);
    bench.join('b');
    bench.clock.turn(60_000);
    assert.equal(bench.service.size.rooms, 1);
  });
});

describe('coming back', () => {
  test('a resume takes the token once', () => {
    const bench = new Bench();
    const { session, joined } = bench.join('a');
    bench.service.drop(session);
    assert.equal(bench.service.resume(session.id, joined.resume), session);
    assert.throws(() => bench.service.resume(session.id, joined.resume), refused('state'));
  });

  test('a resume after the end says why it ended', () => {
    const bench = new Bench();
    const { session, joined } = bench.join('a');
    bench.service.dismissRoom('8888');
    assert.throws(
      () => bench.service.resume(session.id, joined.resume),
      refused('state', 'room_disband'),
    );
  });

  for (const reason of ['banned', 'room_disband', 'kick'] as const) {
    test(`an automatic rejoin after ${reason} is refused for ten minutes`, () => {
      const bench = new Bench();
      const { session } = bench.join('a');
      bench.service.end(session, reason);
      assert.throws(() => bench.join('a', { previous: session.id }), refused('forbidden', reason));
      bench.clock.turn(600_001);
      bench.join('a', { previous: session.id });
    });
  }

  test('an automatic rejoin does not kick who came since', () => {
    const bench = new Bench();
    const laptop = bench.join('a');
    bench.service.leave(laptop.session, 'timeout');
    const phone = bench.join('a');
    assert.throws(
      () => bench.join('a', { previous: laptop.session.id }),
      refused('forbidden', 'kick'),
    );
    assert.equal(heard(phone, 'ended').length, 0);
  });

  test('a rejoin replaces its own dropped session without a kick', () => {
    const bench = new Bench();
    const before = bench.join('a');
    const other = bench.join('b');
    bench.service.drop(before.session);
    bench.join('a', { previous: before.session.id });
    assert.equal(heard(before, 'ended').length, 0);
    assert.equal(heard(other, 'peer-left')[0]?.reason, 'leave');
  });
});

describe('bans', () => {
  const claims = (issuedAt: number) =>
    ({
      room: '8888',
      user: 'a',
      role: 'anchor',
      moderator: false,
      link: false,
      issuedAt,
      expiresAt: 9e9,
    }) as const;

  test('tokens from before the removal are refused, later ones are not', () => {
    const bench = new Bench();
    const earlier = bench.clock.now() / 1000;
    bench.clock.turn(10);
    bench.service.removeUser('8888', 'a');
    assert.throws(() => bench.join('a', {}, claims(earlier)), refused('forbidden', 'banned'));
    bench.clock.turn(10);
    bench.join('a', {}, claims(bench.clock.now() / 1000));
  });

  test('a ban refuses everything for its time', () => {
    const bench = new Bench();
    bench.service.removeUser('8888', 'a', 60);
    assert.throws(() => bench.join('a'), refused('forbidden', 'banned'));
    bench.clock.turn(60_001);
    bench.join('a');
  });

  test('dismissing a room ends its earlier tokens', () => {
    const bench = new Bench();
    const issued = bench.clock.now() / 1000;
    bench.join('a', {}, claims(issued));
    bench.clock.turn(10);
    bench.service.dismissRoom('8888');
    assert.throws(() => bench.join('a', {}, claims(issued)), refused('forbidden', 'banned'));
  });
});
