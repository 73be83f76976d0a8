import { WebSocket } from 'ws';
import { PROTOCOL, type Frame, type ServerMessage } from '../../src/protocol/messages.js';
import { Child } from './child.js';
import { JOIN, OFFER } from './fixtures.js';
import { Dice, hostile, malformed } from './garbage.js';
import type { Usage } from './server-child.js';

const KEY = 'key-of-the-fuzz-test';
const LANES = 40;

export interface FuzzResult {
  /** Messages that the server took up. */
  messages: number;
  connections: number;
  /** Sockets that the server did not close although it had to. */
  stuck: number;
  /** After a fifth of the messages, and at the end, with nobody connected. */
  before: Usage;
  after: Usage;
}

/** Sends hostile and malformed messages to a server of its own until it has taken up so many. */
export async function fuzz(script: string, total: number, seed: number): Promise<FuzzResult> {
  const options = {
    dev: true,
    adminKey: KEY,
    maxPending: 10_000,
    maxJoins: 1e6,
    timers: { emptyAfterLeave: 100, endedMemory: 1_000, silent: 2_000 },
  };
  const child = Child.start(script, [JSON.stringify(options)], { node: ['--expose-gc'] });
  try {
    const url = await child.line(/^Room server at (\S+)/);
    const result = { connections: 0, stuck: 0 };
    const until = async (limit: number): Promise<number> => {
      for (;;) {
        const taken = await count(url);
        if (taken >= limit) return taken;
        await Promise.all(
          Array.from({ length: LANES }, async () => {
            for (let i = 0; i < 5; i++) {
              const dice = new Dice(seed + ++result.connections);
              if (!(await attack(url, dice))) result.stuck++;
            }
          }),
        );
      }
    };
    await until(total / 5);
    const before = await settled(child);
    const messages = await until(total);
    const after = await settled(child);
    return { ...result, messages, before, after };
  } finally {
    await child.end('SIGKILL');
  }
}

/** One connection. @returns whether the server ended it */
function attack(url: string, dice: Dice): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/rtc`, PROTOCOL);
    const known: string[] = [];
    let sent = 0;
    let received = 0;
    const write = (data: string | Buffer): void => {
      if (socket.readyState === 1) socket.send(data, () => undefined);
    };
    const act = (): void => {
      for (let i = 10 + dice.below(120); i > 0; i--) {
        // At times a number that was there before, or that is not its turn.
        const n = dice.below(30) ? ++sent : dice.below(sent + 5);
        const a = dice.below(50) ? received : dice.below(1e6);
        write(JSON.stringify({ n, a, m: hostile(dice, known, i) }));
      }
      write(malformed(dice));
      // What was malformed may have been a frame all the same.
      write('the end');
    };
    socket.on('open', () => {
      if (dice.below(4) === 0) {
        write(malformed(dice));
        write('the end');
        return;
      }
      const live = dice.below(2) === 0;
      const join = {
        ...JOIN,
        room: `room${dice.below(20)}${live ? '-live' : ''}`,
        user: `user${dice.below(50)}`,
        offer: OFFER,
        ...(live && { mode: 'live', role: dice.one(['anchor', 'audience']) }),
      };
      write(JSON.stringify({ n: 0, a: 0, m: join }));
    });
    socket.on('message', (raw: Buffer) => {
      const { n, m } = JSON.parse(raw.toString()) as Frame<ServerMessage>;
      received = Math.max(received, n);
      if (m?.t === 'connect') known.push(m.connect.conn);
      if (m?.t !== 'joined') return;
      known.push(m.session, ...m.peers.map(({ session }) => session));
      known.push(...m.connections.map(({ conn }) => conn));
      act();
    });
    socket.on('error', () => undefined);
    const stuck = setTimeout(() => {
      resolve(false);
      socket.terminate();
    }, 20_000);
    socket.on('close', () => {
      clearTimeout(stuck);
      resolve(true);
    });
  });
}

async function count(url: string): Promise<number> {
  const headers = { authorization: `Bearer ${KEY}` };
  const text = await (await fetch(`${url}/metrics`, { headers })).text();
  const lines = text.matchAll(
    /^rtc_(?:messages_total\{.*|joins_total\{.*|refused_total\{reason="malformed"\}) (\d+)$/gm,
  );
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Once everybody has left and the rooms have closed. */
async function settled(child: Child): Promise<Usage> {
  const end = Date.now() + 30_000;
  for (;;) {
    const usage = await child.ask<Usage>('usage');
    if ((usage.rooms === 0 && usage.sessions === 0 && usage.sockets <= 2) || Date.now() > end)
      return usage;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
