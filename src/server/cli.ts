#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRoomServer, type Relay } from './index.js';
import { livekitFromEnvironment } from './livekit-options.js';
import { qiniuFromEnvironment } from './qiniu.js';
import { trtcFromEnvironment } from './trtc.js';

const USAGE = `rtc-elements-server [--port 8080] [--host 0.0.0.0] [--dev] [--origin https://site.example]…

  --port N         TCP port; 0 takes a free one
  --host NAME      address to listen on (not with --dev)
  --dev            open, for this machine only: no tokens needed
  --origin ORIGIN  whose pages may connect; may be repeated
  --max-fanout N   viewers of one anchor, at most 20
  --livekit-url "wss://…"      also serve provider="livekit": LiveKit's addresses for browsers
  --livekit-api-url "http://…" its addresses for this server, when they are others

  --stun-port N    UDP port of our own STUN answer (3478 is usual): two homes find each other
  --public-host H  name or address that clients reach the STUN answer by, when not the page's own
  --turn URL       a TURN server, as turn:turn.example:3478?transport=udp; may be repeated
  --turn-secret-file FILE   what it holds is the secret shared with the TURN server
  --relay WHERE    always, live or never: where media goes through TURN only, hiding addresses

  --admin-port N   HTTP API and metrics on a port of their own, and no longer on --port
  --admin-host H   address of that port; 127.0.0.1 unless named
  --state FILE     keeps removals and dismissals over a restart
  --trusted-proxy A  address or network (10.0.0.0/8) whose X-Forwarded-For is believed; may be repeated
  --max-rooms N, --max-users N (in a room), --max-joins N (of a room in a second),
  --max-pending N (sockets of one address that have not joined)   1000, 200, 20 and 100

  RTC_SECRETS      secrets of at least 32 bytes for tokens, separated by commas; the first signs
  RTC_ADMIN_KEY    Bearer key of the HTTP API and of /metrics
  RTC_TURN_SECRET  the secret shared with the TURN server, instead of --turn-secret-file
  RTC_ICE_SERVERS  JSON list of {urls, username?, credential?}
  LIVEKIT_API_KEY, LIVEKIT_API_SECRET   a key of LiveKit's configuration
  TRTC_SDK_APP_ID, TRTC_SECRET_KEY   a TRTC application: POST /token then serves provider="trtc" too
  QINIU_ACCESS_KEY, QINIU_SECRET_KEY, QINIU_APP_ID   and provider="qiniu"
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8080' },
      host: { type: 'string' },
      dev: { type: 'boolean', default: false },
      origin: { type: 'string', multiple: true },
      'max-fanout': { type: 'string' },
      'livekit-url': { type: 'string' },
      'livekit-api-url': { type: 'string' },
      'stun-port': { type: 'string' },
      'public-host': { type: 'string' },
      turn: { type: 'string', multiple: true },
      'turn-secret-file': { type: 'string' },
      relay: { type: 'string' },
      'admin-port': { type: 'string' },
      'admin-host': { type: 'string' },
      state: { type: 'string' },
      'trusted-proxy': { type: 'string', multiple: true },
      'max-rooms': { type: 'string' },
      'max-users': { type: 'string' },
      'max-joins': { type: 'string' },
      'max-pending': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const port = readPort('--port', values.port);
  const adminPort = values['admin-port'];
  const livekit = livekitFromEnvironment(
    { url: values['livekit-url'], apiUrl: values['livekit-api-url'] },
    process.env,
  );
  const minters = [trtcFromEnvironment(process.env), qiniuFromEnvironment(process.env)].filter(
    (minter) => minter !== undefined,
  );
  const { RTC_SECRETS, RTC_ADMIN_KEY, RTC_ICE_SERVERS } = process.env;
  const server = createRoomServer({
    dev: values.dev,
    minters,
    ...(RTC_SECRETS && { secrets: RTC_SECRETS.split(',') }),
    ...(RTC_ADMIN_KEY && { adminKey: RTC_ADMIN_KEY }),
    ...(RTC_ICE_SERVERS && { iceServers: JSON.parse(RTC_ICE_SERVERS) as RTCIceServerList }),
    ...(values.origin && { origins: values.origin }),
    ...(livekit && { livekit }),
    ...(values['max-fanout'] && { maxFanout: Number(values['max-fanout']) }),
    ...(values['stun-port'] && { stunPort: Number(values['stun-port']) }),
    ...(values['public-host'] && { publicHost: values['public-host'] }),
    ...(values.turn && { turn: { urls: values.turn, secret: turnSecret(values) } }),
    ...(values.relay && { relay: values.relay as Relay }),
    ...(values.state && { stateFile: values.state }),
    ...(values['trusted-proxy'] && { trustedProxies: values['trusted-proxy'] }),
    ...(values['max-rooms'] && { maxRooms: Number(values['max-rooms']) }),
    ...(values['max-users'] && { maxUsers: Number(values['max-users']) }),
    ...(values['max-joins'] && { maxJoins: Number(values['max-joins']) }),
    ...(values['max-pending'] && { maxPending: Number(values['max-pending']) }),
    log(event, { message }) {
      if (event === 'state-error' || event === 'http-error')
        process.stderr.write(`${event}: ${String(message)}\n`);
    },
  });
  const admin =
    adminPort === undefined
      ? undefined
      : await server.listenAdmin(readPort('--admin-port', adminPort), values['admin-host']);
  const { url } = await server.listen(port, values.host);
  // Before the address is told: whoever waits for it may end the server at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server.close().then(() => process.exit(0)));
  }
  process.stdout.write(`Room server at ${url}\n`);
  if (admin) process.stdout.write(`HTTP API and metrics at ${admin.url}\n`);
  if (values.dev && server.adminKey) process.stdout.write(`HTTP API key: ${server.adminKey}\n`);
}

function turnSecret({ 'turn-secret-file': file }: { 'turn-secret-file'?: string }): string {
  const secret = file === undefined ? process.env.RTC_TURN_SECRET : readFileSync(file, 'utf8');
  if (!secret) throw new Error('--turn needs --turn-secret-file or RTC_TURN_SECRET.');
  return secret.trim();
}

function readPort(name: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`${name} must be 0 to 65535.`);
  return port;
}

type RTCIceServerList = NonNullable<Parameters<typeof createRoomServer>[0]>['iceServers'];

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // The server may have been made already, and its timers would keep the process.
  process.exit(1);
});
