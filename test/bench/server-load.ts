import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame, ServerMessage } from '../../src/protocol/messages.js';
import { bundle, Child } from '../server/child.js';
import { JOIN, OFFER } from '../server/fixtures.js';
import { fuzz, type FuzzResult } from '../server/fuzz.js';
import type { Usage } from '../server/server-child.js';
import { LeanClient } from './lean-client.js';

const CONNECTIONS = 3_000;
/** Those before, which stay: so that neither pays for what grows once only. */
const FIRST = 1_000;
/**
 * Then those that are not timed: so that neither pays for what is compiled. The CPU time of a join falls
 * until the 2,000th of the relay's and the 3,000th of ours.
 */
const WARM_UP = 2_000;
const LANES = 40;
/** Milliseconds, as in the driver (signalling.ts). */
const ACKNOWLEDGED = 1_000;
const SETTLED = 2_000;
/** In one room, each of them sending so many messages with so many under way. */
const TALKERS = 20;
const MESSAGES = 150;
const WINDOW = 4;

interface Idle {
  /** Connections made and joined in a second. */
  joins: number;
  /** CPU time of a join in µs: of the server, all its threads; and of the process with the clients. */
  cpu: number;
  clients: number;
  /** Bytes for each connection that is idle: of the process, and of its heap and buffers. */
  rss: number;
  heap: number;
}

export interface Load extends Idle {
  /** Messages through one room of 20 in a second, and how often they were delivered. */
  messages: number;
  deliveries: number;
}

/** One client; everything that comes goes to `heard`. */
function open(url: string, join: object, heard: (message: ServerMessage) => void) {
  const socket = new LeanClient(url);
  let sent = 0;
  let received = 0;
  let told = 0;
  let later: NodeJS.Timeout | undefined;
  const write = (n: number, m?: object): void =>
    socket.send(JSON.stringify({ n, a: (told = received), m }));
  const acknowledge = (): void => {
    clearTimeout(later);
    later = undefined;
    if (told < received) write(0);
  };
  socket.open = () => write(0, join);
  socket.message = (text) => {
    const { n, m } = JSON.parse(text) as Frame<ServerMessage>;
    if (n > 0) received = n;
    // As the driver acknowledges (signalling.ts).
    if (received - told > 15 || text.length > 8192) acknowledge();
    else if (told < received) later ??= setTimeout(acknowledge, ACKNOWLEDGED);
    if (m) heard(m);
  };
  return { socket, send: (m: object) => write(++sent, m) };
}

/** Joins `count` users, four to a room, so many at a time. @returns their sockets */
async function enter(url: string, rooms: string, count: number): Promise<LeanClient[]> {
  const sockets: LeanClient[] = [];
  const connect = (i: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const join = { ...JOIN, room: `${rooms}${i % (count / 4)}`, user: `user${i}`, offer: OFFER };
      const { socket } = open(url, join, ({ t }) => {
        if (t === 'joined') resolve();
        if (t === 'refused') reject(new Error('refused'));
      });
      socket.ended = () => reject(new Error('a socket has ended'));
      sockets.push(socket);
    });
  let next = 0;
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      while (next < count) await connect(next++);
    }),
  );
  return sockets;
}

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

async function idle(url: string, child: Child): Promise<Idle> {
  const first = await enter(url, 'first', FIRST);
  await sleep(SETTLED);
  const before = await child.ask<Usage>('usage');
  const second = await enter(url, 'second', WARM_UP);
  await sleep(SETTLED);
  // The CPU time is told since the last question.
  await child.ask<Usage>('usage');
  const [started, used] = [performance.now(), cpu()];
  const sockets = await enter(url, 'room', CONNECTIONS);
  const seconds = (performance.now() - started) / 1000;
  const clients = cpu() - used;
  // Idle: what the last ones were told is acknowledged.
  await sleep(SETTLED);
  const after = await child.ask<Usage>('usage');
  for (const socket of [...first, ...second, ...sockets]) socket.terminate();
  return {
    joins: CONNECTIONS / seconds,
    cpu: after.cpu / CONNECTIONS,
    clients: clients / CONNECTIONS,
    rss: (after.rss - before.rss) / (WARM_UP + CONNECTIONS),
    heap: (after.heap - before.heap) / (WARM_UP + CONNECTIONS),
  };
}

async function talk(url: string): Promise<Pick<Load, 'messages' | 'deliveries'>> {
  const want = { audio: false, video: false };
  const due = TALKERS * (TALKERS - 1) * MESSAGES;
  let delivered = 0;
  let done: () => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const all = new Promise<void>((resolve, reject) => {
    done = resolve;
    failed = reject;
  });
  const talkers: ReturnType<typeof open>[] = [];
  const left = Array<number>(TALKERS).fill(MESSAGES);
  const say = (i: number): void => {
    const id = left[i] ?? 0;
    if (id <= 0) return;
    left[i] = id - 1;
    talkers[i]?.send({ t: 'message', id, data: 'x'.repeat(100) });
  };
  for (let i = 0; i < TALKERS; i++) {
    const join = {
      ...JOIN,
      room: 'talk',
      mode: 'live',
      role: 'audience',
      user: `talker${i}`,
      want,
    };
    await new Promise<void>((resolve, reject) => {
      const talker = open(url, join, (message) => {
        if (message.t === 'joined') resolve();
        else if (message.t === 'reply') say(i);
        else if (message.t === 'message' && ++delivered === due) done();
      });
      talker.socket.ended = () => {
        const error = new Error(`a talker's socket has ended: ${talker.socket.why}`);
        reject(error);
        failed(error);
      };
      talkers.push(talker);
    });
  }
  const started = performance.now();
  for (let i = 0; i < TALKERS; i++) for (let k = 0; k < WINDOW; k++) say(i);
  await all;
  const seconds = (performance.now() - started) / 1000;
  for (const { socket } of talkers) socket.terminate();
  return { messages: (TALKERS * MESSAGES) / seconds, deliveries: due / seconds };
}

async function measure(script: string, args: string[]): Promise<Load> {
  const child = Child.start(script, args, { node: ['--expose-gc'] });
  try {
    // A name would be looked up for each connection, and only ours tells one.
    const url = (await child.line(/ at (\S+)/)).replace('localhost', '127.0.0.1');
    return { ...(await idle(url, child)), ...(await talk(url)) };
  } finally {
    await child.end('SIGKILL');
  }
}

/** Ours and a bare relay in turn. */
export async function serverLoad(rounds: number): Promise<{ ours: Load[]; relay: Load[] }> {
  const [server, bare] = [
    await bundle('test/server/server-child.ts'),
    await bundle('test/bench/relay-child.ts'),
  ];
  const options = { dev: true, maxJoins: 1e6, maxPending: 1e6, maxRooms: 1e6 };
  const ours: Load[] = [];
  const relay: Load[] = [];
  for (let i = 0; i < rounds; i++) {
    relay.push(await measure(bare, []));
    ours.push(await measure(server, [JSON.stringify(options)]));
  }
  return { ours, relay };
}

export async function serverFuzz(total: number): Promise<FuzzResult> {
  return fuzz(await bundle('test/server/server-child.ts'), total, Date.now() % 1e6);
}
