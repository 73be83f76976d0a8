#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { createRoomServer } from './index.js';

const USAGE = `rtc-elements-server [--port 8080] [--host 0.0.0.0] [--dev] [--origin https://site.example]…

  --port N         TCP port; 0 takes a free one
  --host NAME      address to listen on (not with --dev)
  --dev            open, for this machine only: no tokens needed
  --origin ORIGIN  whose pages may connect; may be repeated
  --max-fanout N   viewers of one anchor, at most 20

  --admin-port N   HTTP API and metrics on a port of their own, and no longer on --port
  --admin-host H   address of that port; 127.0.0.1 unless named
  --state FILE     keeps removals and dismissals over a restart
  --trusted-proxy A  address or network (10.0.0.0/8) whose X-Forwarded-For is believed; may be repeated
  --max-rooms N, --max-users N (in a room), --max-joins N (of a room in a second),
  --max-pending N (sockets of one address that have not joined)   1000, 200, 20 and 100

  RTC_SECRETS      secrets of at least 32 bytes for tokens, separated by commas; the first signs
  RTC_ADMIN_KEY    Bearer key of the HTTP API and of /metrics
  RTC_ICE_SERVERS  JSON list of {urls, username?, credential?}
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8080' },
      host: { type: 'string' },
      dev: { type: 'boolean', default: false },
      origin: { type: 'string', multiple: true },
      'max-fanout': { type: 'string' },
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
  const { RTC_SECRETS, RTC_ADMIN_KEY, RTC_ICE_SERVERS } = process.env;
  const server = createRoomServer({
    dev: values.dev,
    ...(RTC_SECRETS && { secrets: RTC_SECRETS.split(',') }),
    ...(RTC_ADMIN_KEY && { adminKey: RTC_ADMIN_KEY }),
    ...(RTC_ICE_SERVERS && { iceServers: JSON.parse(RTC_ICE_SERVERS) as RTCIceServerList }),
    ...(values.origin && { origins: values.origin }),
    ...(values['max-fanout'] && { maxFanout: Number(values['max-fanout']) }),
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
