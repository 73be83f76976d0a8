import assert from 'node:assert/strict';
import { RoomError } from '../../src/server/room-error.js';
import { Bench, heard, OFFER, type Member } from './fixtures.js';

export const ROOMS = ['r', 's'] as const;
const MEMORY = 600_000;

/** What can be done to the room service; `i` and `j` choose among the members. */
export type Act =
  | {
      do: 'join';
      room: string;
      user: string;
      anchor: boolean;
      link: boolean;
      /** Which member it says it was before. */
      previous: number | null;
      /** How long ago the token was issued, in ms; null: none. */
      age: number | null;
      moderator: boolean;
    }
  | { do: 'role'; i: number; anchor: boolean }
  | { do: 'leave' | 'drop' | 'resume' | 'replay'; i: number }
  | { do: 'kick'; i: number; user: string }
  | { do: 'remove'; room: string; user: string; ban: number }
  | { do: 'dismiss'; room: string }
  | { do: 'publish'; i: number; on: boolean }
  | { do: 'subscribe'; i: number; j: number; video: boolean }
  | { do: 'message'; i: number; to: string[] | null }
  | { do: 'signal' | 'renew'; i: number; j: number }
  | { do: 'wait'; ms: number };

/** The room service, and beside it what must be true of it, said as simply as it can be. */
export class World {
  readonly bench = new Bench();
  readonly members: Member[] = [];
  readonly #tokens = new Map<string, string[]>();
  readonly #bannedUntil = new Map<string, number>();
  readonly #notBefore = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  #count = 0;

  get live(): Member[] {
    return this.members.filter(({ session }) => this.bench.service.get(session.id));
  }

  run(act: Act): void {
    const { service, clock } = this.bench;
    if (act.do === 'join') this.#join(act);
    else if (act.do === 'wait') clock.turn(act.ms);
    else if (act.do === 'dismiss') this.#dismiss(act.room);
    else if (act.do === 'remove') {
      this.#removed(act.room, act.user, act.ban, this.live);
      service.removeUser(act.room, act.user, act.ban);
    } else if (act.do === 'replay') this.#replay(act.i);
    else {
      const member = this.live[act.i % Math.max(1, this.live.length)];
      if (member) this.#actAs(member, act);
    }
    this.check();
  }

  /** Whatever happened: this holds. */
  check(): void {
    const { live } = this;
    for (const room of ROOMS) {
      const here = live.filter(({ session }) => session.room.id === room);
      const anchors = here.filter(({ session }) => session.role === 'anchor');
      const names = anchors.map(({ session }) => session.user);
      assert.equal(new Set(names).size, names.length, 'one anchor for each user id');
      assert.ok(anchors.length <= 4, 'at most four anchors');
      const users = this.bench.service.getRoom(room)?.users ?? [];
      assert.equal(users.length, here.length, 'the room holds who is in it');
      const pairs = new Set<string>();
      for (const { a, b } of here[0]?.session.room.connections.values() ?? []) {
        assert.ok(a.role === 'anchor' || b.role === 'anchor', 'audience and audience never');
        for (const one of [a, b])
          assert.ok(
            here.some(({ session }) => session === one),
            'with nobody who is not here',
          );
        const pair = [a.id, b.id].sort().join();
        assert.ok(!pairs.has(pair), 'one connection for each pair');
        pairs.add(pair);
      }
      for (const member of here) {
        const { session } = member;
        const ids = new Set(here.map((one) => one.session.id));
        for (const id of session.told.keys()) assert.ok(ids.has(id), 'told of who is here');
        for (const { session: id } of session.wishes?.values() ?? [])
          assert.ok(ids.has(id), 'wishes of who is here');
        assert.ok(!session.link || session.role === 'audience', 'a link is an audience');
        assert.ok(
          session.role === 'anchor' || !session.streams.main,
          'an audience publishes nothing',
        );
      }
    }
    for (const member of this.members) {
      for (const one of member.heard) {
        const of = 'peer' in one ? one.peer.session : 'session' in one ? one.session : undefined;
        const other = this.members.find(({ session }) => session.id === of);
        if (other)
          assert.equal(other.session.room.id, member.session.room.id, 'no message crosses rooms');
      }
    }
  }

  /** Everybody leaves, and the rooms have had their time. */
  finish(): void {
    const { service, clock } = this.bench;
    for (const { session } of this.live) service.leave(session, 'leave');
    clock.turn(60_000);
    assert.deepEqual(service.size, { rooms: 0, sessions: 0 }, 'nothing is left');
    assert.equal(clock.pending, 0, 'no timer is left');
  }

  #join(act: Act & { do: 'join' }): void {
    const { room, user, link, age, moderator } = act;
    const { clock } = this.bench;
    const previous =
      act.previous === null
        ? undefined
        : this.members[act.previous % Math.max(1, this.members.length)]?.session.id;
    const role = act.anchor && !link ? 'anchor' : 'audience';
    const issuedAt = age === null ? null : clock.time - age;
    const claims = issuedAt === null ? null : this.#claims(room, user, issuedAt, moderator);
    const same = this.live.find(
      ({ session }) =>
        session.user === user && session.room.id === room && session.role === 'anchor',
    );
    let member: Member | undefined;
    const refusal = this.#attempt(() => {
      member = this.bench.join(
        user,
        {
          room,
          mode: 'live',
          role,
          offer: OFFER,
          ...(link && { link: true as const }),
          ...(previous !== undefined && { previous }),
        },
        claims,
      );
    });
    const barred = this.#refuses(room, user, issuedAt);
    const over = previous !== undefined && (this.#ended.get(previous) ?? 0) > clock.time;
    assert.ok(!member || !barred, 'nobody who was removed is in');
    assert.ok(!member || !over, 'nobody comes back by itself after its end');
    assert.ok(refusal?.ended !== 'banned' || barred || over, 'nobody else is refused as removed');
    if (!member) return;
    if (same && role === 'anchor') {
      assert.equal(this.bench.service.get(same.session.id), undefined, 'the earlier one is out');
      const { id } = same.session;
      if (id !== previous) {
        assert.ok(!previous, 'who comes back by itself kicks nobody');
        this.#ended.set(id, clock.time + MEMORY);
      }
    }
    this.members.push(member);
  }

  #actAs(
    member: Member,
    act: Exclude<Act, { do: 'join' | 'wait' | 'dismiss' | 'remove' | 'replay' }>,
  ): void {
    const { service } = this.bench;
    const { session } = member;
    switch (act.do) {
      case 'role': {
        const role = act.anchor ? 'anchor' : 'audience';
        const same = this.live.find(
          (one) =>
            one !== member &&
            one.session.room === session.room &&
            one.session.user === session.user &&
            one.session.role === 'anchor',
        );
        this.#attempt(() => service.switchRole(session, role));
        if (same && !service.get(same.session.id))
          this.#ended.set(same.session.id, this.bench.clock.time + MEMORY);
        break;
      }
      case 'leave':
        service.leave(session, 'leave');
        break;
      case 'drop':
        service.drop(session);
        break;
      case 'resume': {
        const token = session.resumeToken;
        assert.equal(service.resume(session.id, token), session);
        this.#tokens.set(session.id, [...(this.#tokens.get(session.id) ?? []), token]);
        break;
      }
      case 'kick': {
        const { live } = this;
        const refusal = this.#attempt(() => {
          service.handle(session, { t: 'kick', id: 1, user: act.user });
        });
        assert.equal(refusal === undefined, session.moderator, 'only a moderator removes');
        if (!refusal) this.#removed(session.room.id, act.user, 0, live);
        break;
      }
      case 'publish': {
        const streams = act.on ? { main: { audio: 'on' as const } } : {};
        const refusal = this.#attempt(() => {
          service.handle(session, { t: 'publish', id: 1, streams });
        });
        assert.equal(refusal?.code, session.role === 'anchor' ? undefined : 'forbidden');
        break;
      }
      case 'subscribe': {
        const to = this.members[act.j % this.members.length]?.session.id ?? '';
        const wish = { session: to, type: 'main', audio: false, video: act.video } as const;
        this.#attempt(() => {
          service.handle(session, { t: 'subscribe', id: 1, wishes: [wish] });
        });
        break;
      }
      case 'message':
        this.#message(member, act.to);
        break;
      case 'signal':
        this.#signal(member, act.j);
        break;
      case 'renew':
        this.#renew(member, act.j);
    }
  }

  #message(from: Member, to: string[] | null): void {
    const data = `message ${++this.#count}`;
    this.bench.service.handle(from.session, {
      t: 'message',
      id: 1,
      data,
      ...(to && { to }),
    });
    const { live } = this;
    for (const member of this.members) {
      const got = heard(member, 'message').filter((one) => one.data === data);
      const due =
        member !== from &&
        live.includes(member) &&
        member.session.room === from.session.room &&
        (!to || to.includes(member.session.user));
      assert.equal(got.length, due ? 1 : 0, `${data} to ${member.session.user}`);
      for (const one of got) assert.equal(one.from, from.session.user);
    }
  }

  /** Into any connection of any room: only its two ends may. */
  #signal(from: Member, j: number): void {
    const links = this.live.flatMap(({ session }) => [...session.room.connections.values()]);
    const link = links[j % Math.max(1, links.length)];
    if (!link) return;
    const before = this.members.map((member) => heard(member, 'signal').length);
    this.bench.service.handle(from.session, {
      t: 'signal',
      conn: link.id,
      signal: { candidate: null },
    });
    const other = link.a === from.session ? link.b : link.b === from.session ? link.a : undefined;
    this.members.forEach((member, i) => {
      const more = heard(member, 'signal').length - (before[i] ?? 0);
      assert.equal(more, member.session === other ? 1 : 0, 'a signal reaches the other end only');
    });
  }

  /** Any connection of any room: only its two ends may, and not before it had its time. */
  #renew(from: Member, j: number): void {
    const links = this.live.flatMap(({ session }) => [...session.room.connections.values()]);
    const link = links[j % Math.max(1, links.length)];
    if (!link) return;
    const ends = [link.a, link.b];
    const before = this.members.map((member) => heard(member, 'connect').length);
    this.bench.service.handle(from.session, { t: 'renew', conn: link.id });
    const may = ends.includes(from.session) && this.bench.clock.time >= link.at + 6_000;
    const news = this.members.map((member, i) => heard(member, 'connect').slice(before[i]));
    this.members.forEach(({ session }, i) => {
      const told = news[i]?.length ?? 0;
      assert.ok(told === 0 || (may && ends.includes(session)), 'two ends are connected anew');
    });
    const told = news.flat().map(({ connect }) => connect);
    assert.ok([0, 2].includes(told.length), 'both ends are told, or none');
    assert.ok(told.every(({ replaces }) => replaces === link.id));
    assert.equal(told.filter(({ offerer }) => offerer).length, told.length / 2, 'one offers');
    assert.equal(from.session.room.connections.has(link.id) || !may || told.length > 0, true);
  }

  /** A resume token that was good once, or one of a session that is over. */
  #replay(i: number): void {
    const member = this.members[i % Math.max(1, this.members.length)];
    if (!member) return;
    const { session } = member;
    const tokens = this.#tokens.get(session.id) ?? [];
    if (!this.live.includes(member)) tokens.push(session.resumeToken);
    for (const token of tokens)
      assert.equal(
        this.#attempt(() => this.bench.service.resume(session.id, token))?.code,
        'state',
      );
  }

  #dismiss(room: string): void {
    const { service, clock } = this.bench;
    const here = this.live.filter(({ session }) => session.room.id === room);
    if (!service.dismissRoom(room)) return;
    this.#notBefore.set(room, clock.time);
    for (const { session } of here) this.#ended.set(session.id, clock.time + MEMORY);
    assert.equal(service.getRoom(room), undefined, 'a dismissed room is gone');
  }

  #removed(room: string, user: string, seconds: number, live: Member[]): void {
    const { time } = this.bench.clock;
    const key = JSON.stringify([room, user]);
    this.#notBefore.set(key, time);
    const until = Math.max(this.#bannedUntil.get(key) ?? 0, time + seconds * 1000);
    this.#bannedUntil.set(key, until);
    for (const { session } of live) {
      if (session.room.id === room && session.user === user)
        this.#ended.set(session.id, time + MEMORY);
    }
  }

  #refuses(room: string, user: string, issuedAt: number | null): boolean {
    return [room, JSON.stringify([room, user])].some(
      (key) =>
        (this.#bannedUntil.get(key) ?? 0) > this.bench.clock.time ||
        (issuedAt !== null && issuedAt <= (this.#notBefore.get(key) ?? -1)),
    );
  }

  #claims(room: string, user: string, issuedAt: number, moderator: boolean) {
    return {
      room,
      user,
      role: 'anchor' as const,
      moderator,
      link: false,
      issuedAt: issuedAt / 1000,
      expiresAt: issuedAt / 1000 + 86_400,
    };
  }

  /** @returns the refusal, if it was one; whatever else is thrown is a bug */
  #attempt(act: () => void): RoomError | undefined {
    try {
      act();
      return undefined;
    } catch (error) {
      if (error instanceof RoomError) return error;
      throw error;
    }
  }
}
