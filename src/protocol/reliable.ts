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
  #kept: { frame: Frame<Out>; size: number }[] = [];
  #size = 0;

  /** How much was received that the other side has not been told of. */
  get owes(): number {
    return this.received - this.#told;
  }

  send(m: Out): Frame<Out> {
    const frame = { n: ++this.#sent, a: this.#acknowledge(), m };
    const { length: size } = typeof m === 'string' ? m : JSON.stringify(m);
    this.#kept.push({ frame, size });
    this.#size += size;
    this.overflowed ||= this.#kept.length > REPLAY_MESSAGES || this.#size > REPLAY_BYTES;
    return frame;
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
    while (this.#kept[0] && this.#kept[0].frame.n <= n) {
      this.#size -= this.#kept.shift()?.size ?? 0;
    }
  }

  /** After a resume: what the other side, which has everything up to `received`, lacks. */
  replay(received: number): Frame<Out>[] {
    this.ack(received);
    const a = this.#acknowledge();
    return this.#kept.map(({ frame }) => ({ ...frame, a }));
  }

  #acknowledge(): number {
    return (this.#told = this.received);
  }
}
