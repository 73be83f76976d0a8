/** Qiniu: RoomTokens of our own server, through `token-url`; and who gets to see what is secret. */
import { createRoomServer, QiniuMinter, type RoomServer } from '../../src/server/index.js';
import { ACCESS_KEY, APP_ID, SECRET_KEY } from '../standins/qiniu/index.js';
import { assert, suite, waitFor, type Peer, type World } from './harness.js';
import { open, useCloud } from './qiniu-harness.js';

const e2e = suite();
const stand = useCloud();

declare global {
  interface Window {
    /** All that the page was told: console, errors with their causes, and what is in the document. */
    said(): string;
    answers: string[];
  }
}

/** Runs before everything else. */
function listen(): void {
  const lines: string[] = [];
  const tell = (value: unknown): void => {
    if (!(value instanceof Error)) return void lines.push(String(value));
    lines.push(value.message, value.stack ?? '', JSON.stringify(value));
    if (value.cause) tell(value.cause);
  };
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    const write = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      for (const value of values) {
        tell(value);
        try {
          lines.push(JSON.stringify(value));
        } catch {
          // Circular: an event, an element.
        }
      }
      write(...values);
    };
  }
  window.addEventListener('error', ({ error }) => tell(error));
  window.addEventListener('unhandledrejection', ({ reason }) => tell(reason));
  document.addEventListener('rtc-error', (event) =>
    tell((event as CustomEvent<{ error: unknown }>).detail.error),
  );
  window.said = () =>
    [
      ...lines,
      JSON.stringify(window.e2e.events),
      ...window.e2e.all('*').map((element) => (element.cloneNode() as HTMLElement).outerHTML),
      document.body.textContent,
    ].join('\n');
  window.answers = [];
  const ask = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const response = await ask(...request);
    if (response.url.endsWith('/token')) window.answers.push(await response.clone().text());
    return response;
  };
}

async function withServer(
  world: World,
  secretKey: string,
  run: (server: RoomServer, enter: (user: string) => Promise<Peer>, log: string[]) => Promise<void>,
): Promise<void> {
  const log: string[] = [];
  const server = createRoomServer({
    secrets: ['a secret of the end-to-end tests, long enough'],
    minters: [new QiniuMinter({ appId: APP_ID, accessKey: ACCESS_KEY, secretKey })],
    authenticate: (_, { userId = 'guest' }) => ({ userId, userRole: 'anchor' }),
    log: (...what) => void log.push(JSON.stringify(what)),
  });
  try {
    world.site.backend = (await server.listen(0, '127.0.0.1')).port;
    const enter = (user: string): Promise<Peer> =>
      open(
        world,
        stand.cloud,
        { user, room: 'own', capture: false, token: 'unused', more: 'token-url="/token"' },
        { init: listen },
      );
    await run(server, enter, log);
  } finally {
    await server.close();
  }
}

/** Neither the tokens that the page was given nor the key that signs them are in what was told. */
async function assertNothingTold(peer: Peer, secretKey: string, log: string[]): Promise<void> {
  const answers = await peer.eval(() => window.answers);
  const tokens = answers.map((text) => (JSON.parse(text) as { token: string }).token);
  assert.ok(tokens.length > 0 && tokens.every((token) => token.startsWith(ACCESS_KEY)));
  const said = [await peer.eval(() => window.said()), ...log].join('\n');
  assert.ok(said.includes('rtc-connection-state-changed'), 'it looks where something is');
  const secrets = tokens.flatMap((token) => [token, ...token.split(':').slice(1)]);
  for (const secret of secrets) assert.ok(!said.includes(secret), 'a token is in it');
  for (const text of [said, ...answers]) assert.ok(!text.includes(secretKey), 'the key is in it');
}

e2e(
  'qiniu tokens: our server lets in, until it bans; what is secret is told to nobody',
  async (world) => {
    await withServer(world, SECRET_KEY, async (server, enter, log) => {
      const alice = await enter('alice');
      await alice.waitForJoined();
      server.removeUser('own', 'alice', { ban: 600 });
      stand.cloud.removeUser('own', 'alice');
      await alice.waitForEvent('rtc-left', { reason: 'banned' });
      alice.expectNoise(/status of 403/);
      await alice.set('rtc-room', 'joined', '');
      const { detail } = await alice.waitForEvent('rtc-error', { error: { code: 'forbidden' } });
      assert.deepEqual(detail['reverted'], ['joined']);
      await alice.assertOut();
      await waitFor('nobody is there', () => !stand.cloud.signalling.rooms.has('own'));
      const refused = await alice.eval(() => window.answers.splice(1));
      assert.match(refused.join(), /removed from this room/);
      await assertNothingTold(alice, SECRET_KEY, log);
    });
  },
);

e2e('qiniu tokens: a token that is refused is told to nobody either', async (world) => {
  const wrong = 'canary-of-a-secret-key-that-is-wrong';
  await withServer(world, wrong, async (_, enter, log) => {
    const alice = await enter('alice');
    alice.expectNoise(/401/);
    await alice.waitForEvent('rtc-error', { error: { code: 'auth', fatal: true } });
    await alice.assertOut();
    await assertNothingTold(alice, wrong, log);
  });
});
