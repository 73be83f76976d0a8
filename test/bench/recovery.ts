/** How a call of two comes through each drop, from the fault until all is well again. */
import { Browsers } from '../e2e/browsers.js';
import { breakConnection, silence } from '../e2e/faults.js';
import { assertEverybodySees, call, World } from '../e2e/harness.js';
import type { Peer } from '../e2e/peer.js';
import { recovery, type Recovery } from '../e2e/recovery.js';
import { TestServer } from '../e2e/room-server.js';
import { Site } from '../e2e/serve.js';

type People = Record<'alice' | 'bob', Peer>;

/** Each does its fault; what is measured begins when it is done. */
const DROPS: Record<string, (world: World, people: People) => Promise<void>> = {
  'a socket cut': (world, { alice }) => {
    world.drop(alice);
    world.site.restore();
    return Promise.resolve();
  },
  'a server killed, from its new start': async ({ server }, { alice, bob }) => {
    for (const peer of [alice, bob]) peer.expectNoise(/^console: WebSocket connection/);
    await server.kill();
    for (const peer of [alice, bob])
      await peer.waitForAttr('rtc-room', 'connection-state', 'reconnecting');
    await server.restart();
  },
  'silence, by an ICE restart': (_, { alice }) => silence(alice),
  'a dead connection, by a new one': (_, { alice }) => breakConnection(alice),
};

async function once(browsers: Browsers, drop: string): Promise<Recovery> {
  const [site, server] = await Promise.all([Site.start(), TestServer.start({ child: true })]);
  site.backend = server.port;
  const world = new World(browsers, site, server);
  try {
    const people = await call(world, 'alice', 'bob');
    await assertEverybodySees(people);
    await DROPS[drop]?.(world, people);
    return await recovery(drop, people);
  } finally {
    await world.end();
  }
}

/** @returns of each drop, what each round measured */
export async function recoveries(rounds: number): Promise<Record<string, Recovery[]>> {
  const browsers = new Browsers({ autoplay: true, grants: true, args: [], firefoxPrefs: {} });
  const found: Record<string, Recovery[]> = {};
  try {
    for (const drop of Object.keys(DROPS)) {
      found[drop] = [];
      for (let round = 0; round < rounds; round += 1) found[drop].push(await once(browsers, drop));
    }
  } finally {
    await browsers.close();
  }
  return found;
}
