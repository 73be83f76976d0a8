/** A call comes through what networks do to it; how long each takes is printed. */
import {
  assert,
  assertMedia,
  network,
  SECOND,
  sleep,
  STUN_PORT,
  turn,
  type World,
} from './harness.js';
import { recovery, say } from '../e2e/recovery.js';

const server = { stunPort: STUN_PORT };
/** The site, as a packet from a home and one to it are matched. */
const OUT = 'ip daddr 203.0.113.10 tcp dport 8080';
const IN = 'ip saddr 203.0.113.10 tcp sport 8080';

/** Alice's signalling is refused: what she sends now, and every new connection. */
async function cut(world: World): Promise<void> {
  await world.lab.fault('a', `${OUT} reject with tcp reset`, `${IN} reject with tcp reset`);
}

/** What Alice has open to the site is dead without a word; new connections are not. */
async function halfOpen(world: World): Promise<void> {
  const open = await world.lab.at('a', "ss -tnH state established '( dport = :8080 )'");
  const ports = [...open.matchAll(/10\.1\.0\.2:(\d+)/g)].map(([, port]) => port).join();
  await world.lab.fault(
    'a',
    `${OUT} tcp sport { ${ports} } drop`,
    `${IN} tcp dport { ${ports} } drop`,
  );
}

for (const [what, options] of [
  ['a call', { stunPort: STUN_PORT }],
  ['a relayed call', { turn: turn(), relay: 'always' }],
] as const) {
  network(`the address changes during ${what}`, { server: options }, async (world) => {
    const people = await world.call();
    await assertMedia(people.alice, people.bob);
    await world.lab.move('a', '10.1.7');
    await recovery(`another address during ${what}`, people);
    await assertMedia(people.alice, people.bob);
  });

  network(`the router’s address changes during ${what}`, { server: options }, async (world) => {
    const people = await world.call();
    await assertMedia(people.alice, people.bob);
    await world.lab.renumber('a', '203.0.113.31');
    await recovery(`another address of the router during ${what}`, people);
    await assertMedia(people.alice, people.bob);
  });
}

network(
  'signalling is cut for 5 s: media goes on, the session is resumed',
  { server },
  async (world) => {
    const people = await world.call();
    const { alice, bob } = people;
    await assertMedia(alice, bob);
    await cut(world);
    await say(alice, 'noticed');
    await alice.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
    await sleep(5 * SECOND);
    await world.lab.fault('a');
    const { frozen } = await recovery('signalling cut for 5 s, from its end', people);
    assert.ok(frozen < 1.5, `the picture stood still for ${frozen} s`);
    assert.equal(
      (await bob.events('rtc-message-received')).filter(
        ({ detail }) => detail['data'] === 'noticed',
      ).length,
      1,
    );
    assert.deepEqual(await alice.events('rtc-left'), []);
    assert.deepEqual(await bob.events('rtc-user-left'), []);
  },
);

network('signalling is cut for 40 s: joined anew', { server }, async (world) => {
  const people = await world.call();
  const { alice, bob } = people;
  await assertMedia(alice, bob);
  const from = await alice.mark();
  await cut(world);
  await say(alice, 'noticed');
  await sleep(40 * SECOND);
  await world.lab.fault('a');
  await recovery('signalling cut for 40 s, from its end', people);
  const left = await alice.waitForEvent('rtc-left', {}, from);
  assert.equal(left.detail['reason'], 'connection-lost');
  await assertMedia(alice, bob);
});

network('a half-open socket is noticed by who speaks', { server }, async (world) => {
  const people = await world.call();
  await assertMedia(people.alice, people.bob);
  await halfOpen(world);
  const { frozen } = await recovery('a half-open socket, speaking', people);
  assert.ok(frozen < 1.5, `the picture stood still for ${frozen} s`);
  assert.deepEqual(await people.alice.events('rtc-left'), []);
});

network('a half-open socket is noticed by who is silent', { server }, async (world) => {
  const people = await world.call();
  await assertMedia(people.alice, people.bob);
  await halfOpen(world);
  const { frozen } = await recovery('a half-open socket, silent', people, { words: false });
  assert.ok(frozen < 1.5, `the picture stood still for ${frozen} s`);
  assert.deepEqual(await people.alice.events('rtc-left'), []);
});
