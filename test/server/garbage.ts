/** Messages that nobody should send, from a seed: the same seed sends the same. */
import type { ClientMessage } from '../../src/protocol/messages.js';
import { JOIN, OFFER } from './fixtures.js';

export class Dice {
  constructor(private seed: number) {}

  /** A whole number below `n`. */
  below(n: number): number {
    // mulberry32
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }

  one<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }
}

const STRINGS = [
  '',
  '__proto__',
  'constructor',
  'a b',
  '\u202Eecila',
  '\uD800',
  '\0',
  '<img src=x onerror=alert(1)>',
  'x'.repeat(129),
  'x'.repeat(40_000),
  "'; DROP TABLE rooms; --",
  '%00%2e%2e/',
] as const;

function value(dice: Dice, depth = 0): unknown {
  switch (dice.below(depth > 3 ? 6 : 8)) {
    case 0:
      return null;
    case 1:
      return dice.one([true, false]);
    case 2:
      return dice.one([0, -1, 0.5, 1e308, 2 ** 53, 65_536]);
    case 3:
    case 4:
    case 5:
      return dice.one(STRINGS);
    case 6:
      return Array.from({ length: dice.below(5) }, () => value(dice, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: dice.below(4) }, () => [
          dice.one(['t', 'id', 'room', 'streams', ...STRINGS]),
          value(dice, depth + 1),
        ]),
      );
  }
}

/** One place somewhere in a message replaced, taken away or added. */
function mutate(dice: Dice, message: unknown): unknown {
  const copy = structuredClone(message) as Record<string, unknown>;
  let at = copy;
  for (;;) {
    const keys = Object.keys(at);
    const key = keys[dice.below(keys.length || 1)] ?? 'extra';
    const inner = at[key];
    if (typeof inner === 'object' && inner && dice.below(2)) {
      at = inner as Record<string, unknown>;
      continue;
    }
    if (dice.below(4) === 0) Reflect.deleteProperty(at, key);
    else if (dice.below(4) === 0) at[dice.one(STRINGS)] = value(dice);
    else at[key] = value(dice);
    return copy;
  }
}

/** A frame that is not one, or hardly. */
export function malformed(dice: Dice): string | Buffer {
  switch (dice.below(9)) {
    case 0:
      return Buffer.from(Array.from({ length: dice.below(64) }, () => dice.below(256)));
    case 1:
      return dice.one(STRINGS);
    case 2:
      return JSON.stringify(value(dice)) ?? 'undefined';
    case 3:
      return '['.repeat(1 + dice.below(30_000));
    case 4:
      return `${'['.repeat(2_000)}${']'.repeat(2_000)}`;
    case 5:
      return '{"n":1,"a":0,"n":-1,"m":{"t":"leave","__proto__":{"t":"join"}}}';
    case 6:
      return `{"n":1e999,"a":${dice.one(['null', '-1', '1e400', '"0"'])},"m":{"t":"leave"}}`;
    case 7:
      return JSON.stringify({ n: 0, a: 0, m: mutate(dice, JOIN) });
    default:
      return JSON.stringify(mutate(dice, { n: 1, a: 0, m: hostile(dice, [], 1) }));
  }
}

/**
 * A message of the right shape and of ill will.
 * @param known Connections and sessions that the sender has heard of.
 */
export function hostile(dice: Dice, known: readonly string[], id: number): ClientMessage {
  const someone = dice.below(2)
    ? (known[dice.below(known.length || 1)] ?? 'nobody')
    : 'x'.repeat(22);
  const flag = (): boolean => dice.below(2) === 0;
  switch (dice.below(12)) {
    case 0:
      return { t: 'renew', conn: someone };
    case 1:
    case 2:
      return { t: 'signal', conn: someone, signal: { restart: true } };
    case 3:
    case 4: {
      const candidate = dice.one(['', 'candidate:evil', 'a\r\nm=video 9'] as const);
      return {
        t: 'signal',
        conn: someone,
        signal: {
          candidate: { candidate, sdpMid: '9', sdpMLineIndex: 3, usernameFragment: null },
        },
      };
    }
    case 5:
      return {
        t: 'publish',
        id,
        streams: { main: { video: 'on' }, ...(flag() && { auxiliary: { audio: 'muted' } }) },
      };
    case 6: {
      const wishes = Array.from({ length: dice.below(20) }, () => ({
        session: flag() ? someone : `nobody${dice.below(9)}`,
        type: dice.one(['main', 'auxiliary'] as const),
        audio: flag(),
        video: flag(),
      }));
      return { t: 'subscribe', id, wishes };
    }
    case 7:
      return { t: 'data', id, data: dice.one(['', '\u202E', '{"name":"__proto__"}']) };
    case 8:
      return {
        t: 'message',
        id,
        data: 'x'.repeat(dice.below(200)),
        ...(flag() && { to: ['__proto__', 'user0', 'nobody'] }),
      };
    case 9:
      return { t: 'kick', id, user: dice.one(['user0', 'constructor']) };
    case 10:
      return { t: 'role', id, role: dice.one(['anchor', 'audience']), token: 'x.y.z' };
    default:
      return dice.below(8)
        ? { t: 'ice', id }
        : {
            t: 'signal',
            conn: someone,
            signal: {
              sdp: { type: 'offer', sdp: dice.one([OFFER, 'm=video 9 x 0\r\n'.repeat(1000)]) },
            },
          };
  }
}
