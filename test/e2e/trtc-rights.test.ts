/** TRTC where rights are checked: UserSigs and PrivateMapKeys from our server's token-url. */
import { after, before } from 'node:test';
import { inspect } from 'node:util';
import { createRoomServer, TrtcMinter, type RoomServer } from '../../src/server/index.js';
import { TrtcStandIn } from '../standins/trtc/server.js';
import { APP, CAMERA, serveSdk } from '../standins/trtc/world.js';
import { assert, suite, type Peer, type World } from './harness.js';

const e2e = suite();
let cloud: TrtcStandIn;
let server: RoomServer;
let port: number;
const SUSPENDED = -100_013;
/** What the site lets its users be. */
const highest = new Map<string, 'anchor' | 'audience'>();
/** All that the server has signed, and all that it has logged. */
const signed: string[] = [];
const logged: string[] = [];

class NotingMinter extends TrtcMinter {
  override async mint(request: Parameters<TrtcMinter['mint']>[0]): ReturnType<TrtcMinter['mint']> {
    const answer = await super.mint(request);
    signed.push(answer.token, answer.privateMapKey ?? '');
    return answer;
  }
}

before(async () => {
  cloud = await TrtcStandIn.start({ ...APP, rights: true });
  server = createRoomServer({
    secrets: ['a secret of the end-to-end tests, long enough'],
    minters: [new NotingMinter(APP)],
    log: (...what) => void logged.push(inspect(what, { depth: null })),
    authenticate: (_request, { userId = 'nobody' }) => ({
      userId,
      userRole: highest.get(userId) ?? 'anchor',
    }),
  });
  ({ port } = await server.listen(0, '127.0.0.1'));
});
after(async () => {
  await server.close();
  await cloud.stop();
});

/** A page without app-id and userSig: `token-url` names both. */
function open(world: World, user: string, role: string, inner = CAMERA): Promise<Peer> {
  serveSdk(world);
  world.site.backend = port;
  return world.open(
    user,
    `<rtc-room provider="trtc" sdk-url="/trtc.js" token-url="/token" mode="live" user-role="${role}"
  driver-options='${JSON.stringify({ proxy: cloud.proxy })}' room-id="8888" user-id="${user}" joined>${inner}</rtc-room>`,
    { init: keepConsole },
  );
}

/** Runs in the page before everything else. */
function keepConsole(): void {
  const said: string[] = [];
  Object.assign(window, { said });
  for (const name of ['debug', 'log', 'info', 'warn', 'error'] as const) {
    const say = console[name].bind(console);
    console[name] = (...what: unknown[]) => {
      for (const one of what) said.push(one instanceof Error ? `${one} ${one.stack}` : String(one));
      say(...what);
    };
  }
}

/** Whatever a person, a script or a log collector could read of a page. */
const readable = (peer: Peer): Promise<string[]> =>
  peer.eval(() => [
    ...(window as unknown as { said: string[] }).said,
    JSON.stringify(window.e2e.events),
    ...window.e2e.all('*').map((element) => element.outerHTML),
    ...window.e2e.all('*').map((element) => element.shadowRoot?.textContent ?? ''),
    JSON.stringify({ ...localStorage, ...sessionStorage }),
    document.cookie,
    ...performance.getEntriesByType('resource').map(({ name }) => name),
  ]);

e2e('trtc rights: a key for each role lets an audience become an anchor', async (world) => {
  const [anna, victor] = await Promise.all([
    open(world, 'anna', 'anchor'),
    open(world, 'victor', 'audience'),
  ]);
  await victor.waitForFrames('user:anna');
  await victor.set('rtc-room', 'user-role', 'anchor');
  await anna.waitForFrames('user:victor');
});

e2e('trtc rights: who may be an audience only stays one', async (world) => {
  highest.set('victor', 'audience');
  const [, victor] = await Promise.all([
    open(world, 'anna', 'anchor'),
    open(world, 'victor', 'audience'),
  ]);
  await victor.waitForFrames('user:anna');
  await victor.set('rtc-room', 'user-role', 'anchor');
  const { detail } = await victor.waitForEvent('rtc-error', { error: { code: 'forbidden' } });
  assert.deepEqual(detail['reverted'], ['user-role']);
  assert.equal(await victor.attr('rtc-room', 'user-role'), 'audience');
  await victor.waitForFrames('user:anna');
  highest.clear();
});

e2e('trtc rights: a key of another room is refused with forbidden', async (world) => {
  serveSdk(world);
  world.site.route('/other-room', () => ({ status: 200, body: otherRoom }));
  const otherRoom = JSON.stringify(
    await new TrtcMinter(APP).mint({ room: '7777', user: 'mallory' }),
  );
  const mallory = await world.open(
    'mallory',
    `<rtc-room provider="trtc" sdk-url="/trtc.js" token-url="/other-room"
  driver-options='${JSON.stringify({ proxy: cloud.proxy })}' room-id="8888" user-id="mallory" joined></rtc-room>`,
  );
  const { detail } = await mallory.waitForEvent('rtc-error', { error: { code: 'forbidden' } });
  assert.match((detail['error'] as Error).message, /privateMapKey/);
  await mallory.assertOut();
});

e2e('trtc rights: no page, log or error says a credential, nor the key', async (world) => {
  const [anna, victor] = await Promise.all([
    open(world, 'anna', 'anchor'),
    open(world, 'victor', 'audience'),
  ]);
  await victor.waitForFrames('user:anna');
  highest.set('victor', 'audience');
  await victor.set('rtc-room', 'user-role', 'anchor');
  await victor.waitForEvent('rtc-error', { error: { code: 'forbidden' } });
  cloud.refuse('victor', SUSPENDED);
  await victor.set('rtc-room', 'room-id', '8889');
  await victor.waitForEvent('rtc-error', { reverted: ['joined'] });
  highest.clear();
  await anna.set('rtc-room', 'joined', null);
  await anna.waitForEvent('rtc-left');

  const sockets = await anna.eval(() => window.e2e.sockets.map(({ url }) => url));
  const told = sockets.map((url) => new URL(url).searchParams.get('userSig'));
  assert.ok(told.length > 0 && told.every((one) => one && signed.includes(one)), 'TRTC is told');
  const places = { anna: await readable(anna), victor: await readable(victor), logged };
  for (const [place, texts] of Object.entries({ ...places, cloud: cloud.logged })) {
    for (const secret of [APP.secretKey, ...signed]) {
      const where = texts.find((text) => text.includes(secret));
      assert.equal(where, undefined, `${place} says ${secret}`);
    }
  }
});
