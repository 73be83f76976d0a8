/** How the tests find or build their LiveKit server, and what it is configured with. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { cached, findServer } from '../livekit/install.mjs';
import { configuration } from '../livekit/server.mjs';

suite('LiveKit for the tests', { skip: process.platform === 'win32' && 'needs a shell' }, () => {
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  const say = (): void => undefined;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'rtc-livekit-'));
    environment = { PATH: `${folder}:/bin:/usr/bin`, XDG_CACHE_HOME: path.join(folder, 'cache') };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A Go that does this, and notes what it was asked for. */
  function go(script: string): void {
    const file = path.join(folder, 'go');
    writeFileSync(
      file,
      `#!/bin/sh\n[ "$1" = version ] && exit 0\necho "$@" >> ${folder}/asked\n${script}\n`,
    );
    chmodSync(file, 0o755);
  }

  const asked = (): string[] =>
    existsSync(path.join(folder, 'asked'))
      ? readFileSync(path.join(folder, 'asked'), 'utf8').trim().split('\n')
      : [];

  test('it is built once, of the fixed version, into the cache', async () => {
    go('echo binary > "$GOBIN/server"');
    const binary = cached(environment);
    assert.deepEqual(await findServer({ build: true, environment, say }), { binary });
    assert.deepEqual(await findServer({ build: true, environment, say }), { binary });
    assert.equal(readFileSync(binary, 'utf8'), 'binary\n');
    assert.deepEqual(asked(), ['install github.com/livekit/livekit-server/cmd/server@v1.13.5']);
    assert.deepEqual(readdirSync(path.dirname(binary)), ['server'], 'nothing else is left');
    assert.ok(binary.startsWith(folder) && binary.includes('livekit-1.13.5'));
  });

  test('a build that fails says why, and leaves nothing behind', async () => {
    go('echo "no network" >&2; exit 1');
    const found = await findServer({ build: true, environment, say });
    assert.match('missing' in found ? found.missing : '', /go install .* failed: no network/);
    assert.deepEqual(readdirSync(path.dirname(cached(environment))), []);
  });

  test('without Go it is missing, with what to set', async () => {
    environment['PATH'] = folder;
    const found = await findServer({ build: true, environment, say });
    assert.match('missing' in found ? found.missing : '', /no Go .*LIVEKIT_SERVER.*LIVEKIT_URL/);
  });

  test('nothing is built where that is not asked for', async () => {
    go('exit 1');
    const found = await findServer({ environment, say });
    assert.match('missing' in found ? found.missing : '', /npm run test:livekit/);
    assert.deepEqual(asked(), []);
  });

  test('LIVEKIT_SERVER comes first, and must be there', async () => {
    const named = path.join(folder, 'mine');
    environment['LIVEKIT_SERVER'] = named;
    const none = await findServer({ build: true, environment, say });
    assert.match('missing' in none ? none.missing : '', /no such file/);
    writeFileSync(named, '');
    assert.deepEqual(await findServer({ environment, say }), { binary: named });
  });

  test('it stays on this machine, and asks nobody', () => {
    const { bind_addresses, rtc, port, redis } = configuration({ port: 1, udpPort: 2 });
    assert.deepEqual(
      { port, bind_addresses, rtc, redis },
      {
        port: 1,
        bind_addresses: ['127.0.0.1'],
        rtc: {
          node_ip: '127.0.0.1',
          use_external_ip: false,
          udp_port: 2,
          tcp_port: 0,
          enable_loopback_candidate: true,
          interfaces: { includes: ['lo'] },
          stun_servers: ['127.0.0.1:9'],
        },
        redis: undefined,
      },
    );
  });
});
