/** What the README prints for a LiveKit of one's own: its files agree, and the real server takes them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test } from 'node:test';
import { AccessToken, RoomServiceClient } from 'livekit-server-sdk';
import { SECOND, type Peer } from '../e2e/peer.js';
import { dist } from '../e2e/serve.js';
import { freePort } from '../tools/free-port.mjs';
import { findServer, VERSION } from './install.mjs';
import { attributes, Pages, useBrowser } from './pages.js';
import { freeUdpPort, startRedis, startWith } from './server.mjs';

const ROOM = '8888';
const section = /\n### Deploying LiveKit\n([^]*?)\n## /.exec(
  readFileSync(path.join(dist, '..', 'README.md'), 'utf8'),
)?.[1];
assert.ok(section, 'README.md has a section on deploying LiveKit');

/** The block that begins with the file's name. */
function printed(file: string): string {
  const block = new RegExp(`\`\`\`yaml\\n# ${file}\\n([^]*?)\`\`\``).exec(section ?? '')?.[1];
  assert.ok(block, `README.md prints ${file}`);
  return block;
}

interface Configuration {
  port: number;
  keys: Record<string, string>;
  room: { empty_timeout: number; departure_timeout: number };
  rtc: { udp_port: number; tcp_port: number };
  turn: { udp_port: number; tls_port: number; domain: string; cert_file: string; key_file: string };
  redis: { address: string };
}

interface Compose {
  services: Record<
    string,
    { image: string; command: string; network_mode: string; volumes: string[] }
  >;
}

/** Nothing in node_modules reads YAML. */
function parse(yaml: string): unknown {
  const program = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program], {
    input: yaml,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const noYaml =
  spawnSync('python3', ['-c', 'import yaml']).status !== 0 &&
  'there is no YAML parser; Debian: apt install python3-yaml';

suite('The printed files', { skip: noYaml }, () => {
  const configuration = noYaml ? null : (parse(printed('livekit.yaml')) as Configuration);
  const compose = noYaml ? null : (parse(printed('docker-compose.yml')) as Compose);

  test('the container runs the tested version on the printed configuration', () => {
    const [service, ...others] = Object.values(compose?.services ?? {});
    assert.ok(service);
    assert.deepEqual(others, []);
    assert.equal(service.image, `livekit/livekit-server:v${VERSION}`);
    assert.match(section, new RegExp(`go install \\S+livekit-server/cmd/server@v${VERSION}\``));
    assert.equal(service.network_mode, 'host', 'so no port is published');
    const mounted = service.volumes.map((volume) => volume.split(':')[1]);
    assert.equal(service.command, '--config /livekit.yaml');
    const { cert_file: certificate, key_file: key } = configuration?.turn ?? {};
    assert.deepEqual(mounted, ['/livekit.yaml', certificate, key]);
  });

  test('the table of ports is that of the configuration', () => {
    const { port, rtc, turn, redis } = configuration as Configuration;
    const table = [...section.matchAll(/^\| (\d[^|]*) \|/gm)].map(([, cell]) => cell);
    const redisPort = redis.address.split(':')[1];
    assert.deepEqual(table, [
      '443 TCP',
      `${rtc.udp_port} UDP, ${rtc.tcp_port} TCP`,
      `${turn.udp_port} UDP`,
      `${port} TCP, ${redisPort} TCP`,
      // LiveKit's own choice.
      '30000–40000 UDP',
    ]);
    assert.match(
      section,
      new RegExp(`to ${port}, TCP of \`${turn.domain}\` to ${turn.tls_port} \\|`),
    );
  });
});

const missing = await whatIsMissing();

async function whatIsMissing(): Promise<string | false> {
  const [server, redis] = [await findServer(), await startRedis()];
  if ('missing' in redis) return redis.missing;
  await redis.kill();
  if ('missing' in server) return server.missing;
  const openssl = spawnSync('openssl', ['version']).status === 0;
  return !openssl && 'there is no openssl to make a certificate with';
}

/** The printed text with another machine's addresses, ports and files: each stands there once. */
function onLoopback(text: string, changes: Record<string, string>): string {
  for (const [from, to] of Object.entries(changes)) {
    assert.equal(text.split(from).length, 2, `livekit.yaml has one “${from}”`);
    text = text.replace(from, to);
  }
  return text;
}

/** The urls of all servers that the page's connections were told of. */
const iceServers = (peer: Peer): Promise<string[]> =>
  peer.eval(() =>
    window.e2e.peers
      .flatMap((peer) => peer.getConfiguration().iceServers ?? [])
      .flatMap(({ urls }) => urls),
  );

suite('The printed configuration', { skip: missing }, () => {
  const browser = useBrowser();

  test(
    'starts the server, and a call on it asks nobody else',
    { timeout: 120 * SECOND },
    async () => {
      const [server, redis] = [await findServer(), await startRedis()];
      if ('missing' in server || 'missing' in redis) throw new Error('It was there before.');
      const folder = mkdtempSync(path.join(os.tmpdir(), 'livekit-'));
      const [certificate, key, file] = ['turn.crt', 'turn.key', 'livekit.yaml'].map((name) =>
        path.join(folder, name),
      ) as [string, string, string];
      const made = spawnSync(
        'openssl',
        `req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=turn.localhost -out ${certificate} -keyout ${key}`.split(
          ' ',
        ),
        { encoding: 'utf8' },
      );
      assert.equal(made.status, 0, made.stderr);
      const [port, udpPort, turnPort, tlsPort] = [
        await freePort(),
        await freeUdpPort(),
        await freeUdpPort(),
        await freePort(),
      ];
      const text = printed('livekit.yaml');
      const [, name = '', secret = ''] = /^ {2}(\w+): (\S{32,})/m.exec(text) ?? [];
      writeFileSync(
        file,
        onLoopback(text, {
          'port: 7880': `port: ${port}`,
          'rtc:\n': "rtc:\n  enable_loopback_candidate: true\n  interfaces: { includes: ['lo'] }\n",
          'udp_port: 7882': `udp_port: ${udpPort}`,
          'tcp_port: 7881': 'tcp_port: 0',
          'node_ip: 203.0.113.5': 'node_ip: 127.0.0.1',
          'turn:\n': "turn:\n  bind_addresses: ['127.0.0.1']\n",
          'udp_port: 3478': `udp_port: ${turnPort}`,
          'tls_port: 5349': `tls_port: ${tlsPort}`,
          // Not asked of a name server.
          'domain: turn.example.com': 'domain: turn.localhost',
          'cert_file: /turn.crt': `cert_file: ${certificate}`,
          'key_file: /turn.key': `key_file: ${key}`,
          '10.0.0.4:6379': redis.address,
        }),
      );
      const node = await startWith(server.binary, port, ['--config', file]);
      const pages = await Pages.start(browser());
      try {
        await pages.during(async () => {
          const service = new RoomServiceClient(node.url.replace(/^ws/, 'http'), name, secret);
          const room = await service.createRoom({ name: ROOM });
          assert.deepEqual([room.emptyTimeout, room.departureTimeout], [30, 10]);
          const open = async (user: string): Promise<Peer> => {
            const token = new AccessToken(name, secret, { identity: user });
            token.addGrant({ room: ROOM, roomJoin: true });
            const values = { provider: 'livekit', url: node.url, token: await token.toJwt() };
            return pages.open(
              user,
              `<rtc-room ${attributes({ ...values, 'room-id': ROOM, 'user-id': user })} joined>
<rtc-local-stream audio video profile="160x120@15"></rtc-local-stream></rtc-room>`,
            );
          };
          const [ann, ben] = [await open('ann'), await open('ben')];
          await Promise.all([ann.waitForFrames('user:ben'), ben.waitForFrames('user:ann')]);
          assert.deepEqual(
            new Set(await iceServers(ben)),
            new Set([
              `turn:127.0.0.1:${turnPort}?transport=udp`,
              'turns:turn.localhost:443?transport=tcp',
            ]),
          );
        });
      } finally {
        await node.kill();
        await redis.kill();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
