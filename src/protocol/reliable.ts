import { REPLAY_BYTES, REPLAY_MESSAGES, type Frame } from './messages.js';

/**
 * One side of an ordered stream of messages that survives the loss of its socket: numbers what is
 * sent, keeps it until it is acknowledged, and drops what comes twice. `Out` may be a message's
 * JSON already.
 */
export class Reliable<Out, In> {
  /** More was kept than can be replayed; the session cannot be resumed. */
  overflowed = false;
  /** The last frame number that was received. */
  received = 0;
  #told = 0;
  #sent = 0;
  /** The last that were sent. */
  #kept: Out[] = [];
  #size = 0;

  /** How much was received that the other side has not been told of. */
  get owes(): number {
    return this.received - this.#told;
  }

  send(m: Out): Frame<Out> {
    this.#kept.push(m);
    this.#size += sizeOf(m);
    this.overflowed ||= this.#kept.length > REPLAY_MESSAGES || this.#size > REPLAY_BYTES;
    return { n: ++this.#sent, a: this.#acknowledge(), m };
  }

  /** A frame without a message, to acknowledge only. */
  acknowledgement(): Frame<Out> {
    return { n: 0, a: this.#acknowledge() };
  }

  /** The message of a frame; undefined when it carries none or was had before. */
  receive({ n, a, m }: Frame<In>): In | undefined {
    this.ack(a);
    if (n !== this.received + 1) return undefined;
    this.received = n;
    return m;
  }

  /** The other side has everything up to `n`. */
  ack(n: number): void {
    while (this.#kept.length && this.#before < n) this.#size -= sizeOf(this.#kept.shift());
  }

  /** After a resume: what the other side, which has everything up to `received`, lacks. */
  replay(received: number): Frame<Out>[] {
    this.ack(received);
    const a = this.#acknowledge();
    return this.#kept.map((m, i) => ({ n: this.#before + i + 1, a, m }));
  }

  /** The last that is not kept any more. */
  get #before(): number {
    return this.#sent - this.#kept.length;
  }

  #acknowledge(): number {
    return (this.#told = this.received);
  }
}

function sizeOf(m: unknown): number {
  return (typeof m === 'string' ? m : JSON.stringify(m)).length;
}
