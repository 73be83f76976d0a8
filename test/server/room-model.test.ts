import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Session } from '../../src/server/session.js';
import { Bench, OFFER, type Member } from './fixtures.js';

type Act = (bench: Bench, members: Member[]) => void;

const pick = (members: Member[], i: number): Member | undefined =>
  members[i % Math.max(1, members.length)];
const attempt = (act: () => void): void => {
  try {
    act();
  } catch {
    // A refusal is an answer too; what must hold is checked after it.
  }
};

const index = fc.nat({ max: 20 });
const user = fc.constantFrom('a', 'b', 'c', 'd');
const act: fc.Arbitrary<{ name: string; run: Act }> = fc.oneof(
  fc
    .record({ user, anchor: fc.boolean(), link: fc.boolean(), previous: fc.option(index) })
    .map((one) => ({
      name: `join ${JSON.stringify(one)}`,
      run: (bench: Bench, members: Member[]) => {
        const previous =
          one.previous === null ? undefined : pick(members, one.previous)?.session.id;
        attempt(() => {
          members.push(
            bench.join(one.user, {
              mode: 'live',
              role: one.anchor && !one.link ? 'anchor' : 'audience',
              offer: OFFER,
              ...(one.link && { link: true }),
              ...(previous && { previous }),
            }),
          );
        });
      },
    })),
  fc.tuple(index, fc.boolean()).map(([i, anchor]) => ({
    name: `role ${i} ${anchor}`,
    run: (bench: Bench, members: Member[]) => {
      const member = pick(members, i);
      if (!member || !bench.service.get(member.session.id)) return;
      attempt(() => bench.service.switchRole(member.session, anchor ? 'anchor' : 'audience'));
    },
  })),
  fc
    .tuple(index, fc.constantFrom('leave', 'drop', 'resume', 'kick', 'banned'))
    .map(([i, what]) => ({
      name: `${what} ${i}`,
      run: (bench: Bench, members: Member[]) => {
        const member = pick(members, i);
        if (!member || !bench.service.get(member.session.id)) return;
        const { session } = member;
        if (what === 'leave') bench.service.leave(session, 'leave');
        else if (what === 'drop') bench.service.drop(session);
        else if (what === 'resume') bench.service.resume(session.id, session.resumeToken);
        else bench.service.end(session, what);
      },
    })),
  fc.tuple(index, index, fc.boolean()).map(([i, j, video]) => ({
    name: `subscribe ${i} ${j} ${video}`,
    run: (bench: Bench, members: Member[]) => {
      const [viewer, publisher] = [pick(members, i), pick(members, j)];
      if (!viewer || !publisher || !bench.service.get(viewer.session.id)) return;
      const wish = { session: publisher.session.id, type: 'main', audio: false, video } as const;
      attempt(() =>
        bench.service.handle(viewer.session, { t: 'subscribe', id: 1, wishes: [wish] }),
      );
    },
  })),
  fc.constant({ name: 'dismiss', run: (bench: Bench) => void bench.service.dismissRoom('8888') }),
  fc
    .integer({ min: 1, max: 40_000 })
    .map((ms) => ({ name: `wait ${ms}`, run: (bench: Bench) => bench.clock.turn(ms) })),
);

function check(bench: Bench, members: Member[]): void {
  const live = members.map(({ session }) => session).filter(({ id }) => bench.service.get(id));
  const anchors = live.filter(({ role }) => role === 'anchor').map(({ user: id }) => id);
  assert.equal(new Set(anchors).size, anchors.length, 'one anchor for each user id');
  assert.ok(anchors.length <= 4, 'at most four anchors');
  const room: Session['room'] | undefined = live[0]?.room;
  for (const { a, b } of room?.connections.values() ?? []) {
    assert.ok(
      a.role === 'anchor' || b.role === 'anchor',
      'no connection between two of the audience',
    );
    assert.ok(live.includes(a) && live.includes(b), 'no connection with somebody who has left');
  }
  for (const session of live)
    assert.ok(!session.link || session.role === 'audience', 'a link is an audience');
}

test('whatever happens in whatever order, the room stays in order and nothing is left behind', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const bench = new Bench();
      const members: Member[] = [];
      for (const { run } of acts) {
        run(bench, members);
        check(bench, members);
      }
      for (const { session } of members) bench.service.leave(session, 'leave');
      bench.clock.turn(60_000);
      assert.deepEqual(bench.service.size, { rooms: 0, sessions: 0 });
      assert.equal(bench.clock.pending, 0, 'no timer is left');
    }),
    { numRuns: 400 },
  );
});
