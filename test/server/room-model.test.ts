import { test } from 'node:test';
import fc from 'fast-check';
import { ROOMS, World, type Act } from './room-world.js';

const i = fc.nat({ max: 20 });
const user = fc.constantFrom('a', 'b', 'c', 'd', '__proto__');
const room = fc.constantFrom(...ROOMS);
const join = fc.record({
  do: fc.constant('join' as const),
  room,
  user,
  anchor: fc.boolean(),
  link: fc.boolean(),
  previous: fc.option(i, { freq: 2 }),
  age: fc.option(fc.constantFrom(0, 5_000, 50_000)),
  moderator: fc.boolean(),
});
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: join },
  fc.record({ do: fc.constant('role' as const), i, anchor: fc.boolean() }),
  fc.record({ do: fc.constantFrom('leave', 'drop', 'resume', 'replay'), i }),
  fc.record({ do: fc.constant('kick' as const), i, user }),
  fc.record({
    do: fc.constant('remove' as const),
    room,
    user,
    ban: fc.constantFrom(0, 0, 20, 3_600),
  }),
  fc.record({ do: fc.constant('dismiss' as const), room }),
  fc.record({ do: fc.constant('publish' as const), i, on: fc.boolean() }),
  fc.record({ do: fc.constant('subscribe' as const), i, j: i, video: fc.boolean() }),
  fc.record({
    do: fc.constant('message' as const),
    i,
    to: fc.option(fc.array(user, { maxLength: 2 })),
  }),
  fc.record({ do: fc.constantFrom('signal', 'renew'), i, j: i }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.integer({ min: 1, max: 40_000 }), fc.constant(700_000)),
    }),
  },
);

test('whatever happens in whatever order, the rooms stay in order and nothing is left behind', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80, size: 'max' }), (acts) => {
      const world = new World();
      for (const one of acts) world.run(one);
      world.finish();
    }),
    { numRuns: 1_000 },
  );
});
