import crypto from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { MAX_PAYLOAD } from '../protocol/messages.js';
import type { Clock } from './clock.js';
import { Expiring } from './memory.js';

/** Longer than a copy can be under way. */
const MEMORY = 60_000;
const MAX_REMEMBERED = 10_000;

/**
 * Joins that a page has posted while its socket opens. The socket brings the same frame, by which the
 * session is found: it holds an offer, whose ICE password nobody else knows. Of the two copies the
 * one that comes first counts.
 */
export class EarlyJoins {
  readonly #had: Expiring<Promise<string | undefined>>;

  constructor(clock: Clock) {
    this.#had = new Expiring(clock, MAX_REMEMBERED);
  }

  /** A posted frame. @param join Makes the session, unless the frame was had already. */
  async post(frame: string, join: () => Promise<string>): Promise<void> {
    const key = keyOf(frame);
    if (this.#had.get(key)) return;
    // What is refused is refused again, and told, over the socket.
    const made = join().catch(() => undefined);
    this.#had.set(key, made, MEMORY);
    await made;
  }

  /** The frame came over a socket. @returns the session that its copy has made, once only, if there is one */
  take(frame: string): Promise<string | undefined> | undefined {
    const key = keyOf(frame);
    const made = this.#had.get(key);
    this.#had.set(key, NONE, MEMORY);
    return made;
  }
}

const NONE = Promise.resolve(undefined);

/** From Node.js 20.12 on; it leaves nothing to be collected. */
const hash = (crypto as Partial<typeof crypto>).hash;

/** Not the frame itself: it holds a token. */
function keyOf(frame: string): string {
  if (hash) return hash('sha256', frame, 'base64');
  return crypto.createHash('sha256').update(frame).digest('base64');
}

/** @throws Error when it is larger than a frame may be, or does not come */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_PAYLOAD) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
