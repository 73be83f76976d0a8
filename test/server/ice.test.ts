import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { iceFor, readIce, withoutAddresses } from '../../src/server/ice.js';
import {
  createRoomServer,
  type RoomServer,
  type RoomServerOptions,
} from '../../src/server/index.js';
import type { IceConfig, Signal } from '../../src/protocol/messages.js';
import { Bench, heard, OFFER, WireClient } from './fixtures.js';

const SECRET = 'the secret that coturn knows as well';
const TURN = { urls: ['turn:turn.example:3478?transport=udp'], secret: SECRET };
const NOW = 1_700_000_000_000;
const ALICE = { mode: 'rtc', user: 'alice', host: 'rtc.example' } as const;
const RELAY =
  'candidate:1 1 udp 41885439 203.0.113.20 50000 typ relay raddr 198.51.100.7 rport 4711 generation 0';
const HOST = 'candidate:2 1 udp 2122260223 192.168.1.7 4711 typ host generation 0';

const trickled = (candidate: string): Signal => ({
  candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'u' },
});

async function withServer(
  options: RoomServerOptions,
  run: (server: RoomServer, url: string) => Promise<void>,
): Promise<void> {
  const server = createRoomServer(options);
  const { url } = await server.listen(0, '127.0.0.1');
  try {
    await run(server, url);
  } finally {
    await server.close();
  }
}

describe('TURN credentials', () => {
  const credentials = (life?: number, user = 'alice', now = NOW): IceConfig['servers'][number] => {
    const settings = readIce({ turn: { ...TURN, life } });
    const [server] = iceFor(settings, { ...ALICE, user }, now).servers;
    assert.ok(server);
    return server;
  };

  test('are what coturn computes itself from the shared secret', () => {
    const { urls, username = '', credential } = credentials();
    assert.deepEqual(urls, TURN.urls);
    assert.match(username, /^1700003600:[0-9a-f]{16}$/);
    assert.equal(credential, createHmac('sha1', SECRET).update(username).digest('base64'));
  });

  test('live for an hour at most', () => {
    assert.match(credentials(60).username ?? '', /^1700000060:/);
    for (const life of [59, 3601, NaN]) assert.throws(() => credentials(life), /60 to 3600/);
  });

  test('name nobody, and are one name for each user', () => {
    const of = (user: string, now = NOW): string =>
      credentials(undefined, user, now).username?.split(':')[1] ?? '';
    assert.equal(of('alice'), of('alice', NOW + 60_000));
    assert.notEqual(of('alice'), of('bob'));
    assert.ok(!of('alice').includes('alice'));
  });
});

describe('ICE options', () => {
  for (const [what, options, sentence] of [
    ['relay always without TURN', { relay: 'always' }, /name a TURN server/],
    ['relay live without TURN', { relay: 'live' }, /name a TURN server/],
    ['relay with STUN only', { relay: 'always', iceServers: [{ urls: 'stun:a.example' }] }, /TURN/],
    ['an unknown relay', { relay: 'sometimes' as never }, /always, live or never/],
    ['no TURN address', { turn: { ...TURN, urls: [] } }, /begin with turn:/],
    ['a STUN address as TURN', { turn: { ...TURN, urls: 'stun:a.example' } }, /begin with turn:/],
    ['a short secret', { turn: { ...TURN, secret: 'canary-short' } }, /32 bytes/],
    ['a port that is none', { stunPort: 65_536 }, /0 to 65535/],
  ] as [string, RoomServerOptions, RegExp][]) {
    test(`the server does not start with ${what}`, () => {
      assert.throws(
        () => createRoomServer({ dev: true, ...options }),
        (error: Error) => sentence.test(error.message) && !error.message.includes('canary'),
      );
    });
  }

  test('relay says which rooms are relayed', () => {
    const policies = (['never', 'live', 'always'] as const).map((relay) =>
      (['rtc', 'live'] as const).map(
        (mode) => iceFor(readIce({ turn: TURN, relay }), { ...ALICE, mode }, NOW).policy,
      ),
    );
    assert.deepEqual(policies, [
      ['all', 'all'],
      ['all', 'relay'],
      ['relay', 'relay'],
    ]);
  });

  test('STUN is handed out under the name that the client uses, or the public one', () => {
    const stun = (publicHost?: string): unknown =>
      iceFor({ ...readIce({ publicHost }), stunPort: 3478 }, ALICE, NOW).servers;
    assert.deepEqual(stun(), [{ urls: 'stun:rtc.example:3478' }]);
    assert.deepEqual(stun('stun.example'), [{ urls: 'stun:stun.example:3478' }]);
    assert.deepEqual(iceFor(readIce({}), ALICE, NOW), { servers: [], policy: 'all' });
  });
});

describe('what is handed out', () => {
  test('comes with the join, with a resume, and when asked; the STUN port listens', async () => {
    await withServer({ dev: true, stunPort: 0, turn: TURN, relay: 'live' }, async (_, url) => {
      const client = await WireClient.connect(url);
      const { ice, session, resume } = await client.join({ mode: 'live' });
      const [, port] = /^stun:localhost:(\d+)$/.exec(String(ice.servers[0]?.urls)) ?? [];
      const stun = createSocket('udp4');
      stun.send(
        Buffer.from(`000100002112a442${'00'.repeat(12)}`, 'hex'),
        Number(port),
        '127.0.0.1',
      );
      const [answer] = (await once(stun, 'message')) as [Buffer];
      stun.close();
      assert.equal(answer.readUInt16BE(), 0x0101);
      assert.match(ice.servers[1]?.username ?? '', /^\d+:[0-9a-f]{16}$/);
      assert.equal(ice.policy, 'relay');
      client.send({ t: 'ice', id: 1 });
      assert.deepEqual((await client.next('reply')).ice?.servers.length, 2);
      client.cut();
      const again = await WireClient.connect(url);
      again.direct({ t: 'resume', session, token: resume });
      assert.deepEqual((await again.next('resumed')).ice.servers.length, 2);
      again.cut();
    });
  });

  test('goes to nobody without a token', async () => {
    await withServer({ secrets: ['x'.repeat(32)], turn: TURN }, async (_, url) => {
      const client = await WireClient.connect(url);
      client.direct({ t: 'ice', id: 1 });
      const { code } = await client.closed;
      assert.equal(code, 4002);
      assert.ok(!JSON.stringify(client.messages).includes('turn:'));
    });
  });

  test('never holds the secret, and no log does', async () => {
    const log: unknown[] = [];
    const options = { dev: true, turn: TURN, log: (...said: unknown[]) => void log.push(said) };
    await withServer(options, async (_, url) => {
      const client = await WireClient.connect(url);
      const { ice } = await client.join();
      client.raw('{"n":0}');
      await client.closed;
      const { username = '', credential = '' } = ice.servers[0] ?? {};
      assert.ok(!JSON.stringify(client.messages).includes(SECRET));
      for (const secret of [SECRET, username, credential])
        assert.ok(!JSON.stringify(log).includes(secret));
      assert.ok(log.length > 0);
    });
  });
});

describe('a relayed room', () => {
  test('passes relays on and no other address', () => {
    assert.deepEqual(
      withoutAddresses(trickled(RELAY)),
      trickled(RELAY.replace('198.51.100.7 rport 4711', '0.0.0.0 rport 0')),
    );
    assert.equal(withoutAddresses(trickled(HOST)), null);
    assert.deepEqual(withoutAddresses(trickled('')), trickled(''));
    assert.deepEqual(withoutAddresses({ restart: true }), { restart: true });
    const sdp = `m=audio 9 RTP 96\r\nc=IN IP4 192.168.1.7\r\na=${HOST}\r\na=${RELAY}\r\na=mid:0\r\n`;
    assert.deepEqual(withoutAddresses({ sdp: { type: 'offer', sdp } }), {
      sdp: {
        type: 'offer',
        sdp: `m=audio 9 RTP 96\r\nc=IN IP4 0.0.0.0\r\na=${RELAY.replace('198.51.100.7 rport 4711', '0.0.0.0 rport 0')}\r\na=mid:0\r\n`,
      },
    });
  });

  for (const [mode, count] of [
    ['live', 0],
    ['rtc', 1],
  ] as const) {
    test(`is ${mode === 'live' ? 'a' : 'not a'} room of mode ${mode} with relay: live`, () => {
      const bench = new Bench({ turn: TURN, relay: 'live' });
      const alice = bench.join('alice', { mode });
      const bob = bench.join('bob', { mode, offer: OFFER });
      const conn = bob.joined.connections[0]?.conn ?? '';
      bench.service.handle(alice.session, { t: 'signal', conn, signal: trickled(HOST) });
      assert.equal(heard(bob, 'signal').length, count);
    });
  }
});

const built = existsSync('dist/server/cli.js');
describe('the command line', { skip: !built && 'npm run build first' }, () => {
  const cli = (args: string[], env: Record<string, string> = {}): Promise<string> =>
    new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        ['dist/server/cli.js', '--dev', '--port', '0', ...args],
        { env: { PATH: process.env.PATH, ...env } },
        (_, stdout, stderr) => resolve(stdout + stderr),
      );
      child.stdout?.once('data', () => child.kill('SIGTERM'));
    });

  test('takes the TURN secret from the environment, and prints it nowhere', async () => {
    const said = await cli(['--turn', 'turn:a.example', '--relay', 'always', '--stun-port', '0'], {
      RTC_TURN_SECRET: SECRET,
    });
    assert.match(said, /Room server at/);
    assert.ok(!said.includes(SECRET));
  });

  test('says what is missing', async () => {
    assert.match(await cli(['--turn', 'turn:a.example']), /--turn-secret-file or RTC_TURN_SECRET/);
    assert.match(await cli(['--relay', 'always']), /name a TURN server/);
  });
});
