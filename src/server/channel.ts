import type { ClientMessage, Frame, JoinedMessage, ServerMessage } from '../protocol/messages.js';
import { CLOSE } from '../protocol/messages.js';
import { Reliable } from '../protocol/reliable.js';
import { Buckets } from './limits.js';
import type { Line } from './line.js';
import type { Outbox, Session } from './session.js';

const ACK_EVERY = 16;

/** What a whole room is told is written as JSON once. */
let told: { message: ServerMessage; json: string } | undefined;

function toJson(message: ServerMessage): string {
  if (told?.message !== message) told = { message, json: JSON.stringify(message) };
  return told.json;
}

/** Where channels are. */
export interface ChannelHost {
  now(): number;
  /** More has piled up than can be replayed. */
  lost(channel: Channel): void;
  over(channel: Channel): void;
}

/** One session's ordered messages, over one socket after another. */
export class Channel implements Outbox {
  line: Line | null = null;
  over = false;
  /** What the first socket is told first. */
  joined: Omit<JoinedMessage, 'ice'> | null = null;
  #reliable = new Reliable<string, ClientMessage>();

  #buckets: Buckets | undefined;

  constructor(
    readonly session: Session,
    private readonly host: ChannelHost,
  ) {}

  get received(): number {
    return this.#reliable.received;
  }

  send(message: ServerMessage): void {
    if (this.over) return;
    this.#write(this.#reliable.send(toJson(message)));
    if (this.#reliable.overflowed) {
      this.over = true;
      this.line?.close(CLOSE.tooSlow, 'too slow');
      // After the caller's own work on the room.
      queueMicrotask(() => this.host.lost(this));
    }
  }

  /** An answer outside the numbered stream: `joined`'s and `resumed`'s. */
  sendDirect(message: ServerMessage): void {
    this.#write({ n: 0, a: this.#reliable.received, m: JSON.stringify(message) });
  }

  receive(frame: Frame<ClientMessage>): ClientMessage | undefined {
    const message = this.#reliable.receive(frame);
    if (this.#reliable.owes >= ACK_EVERY) this.#write(this.#reliable.acknowledgement());
    return message;
  }

  /** @returns whether one more message of this type is within bounds */
  allows(type: string): boolean {
    return (this.#buckets ??= new Buckets()).take(type, this.host.now());
  }

  /** Shows the client that its socket lives: a page does not see the server's pings. */
  beat(): void {
    this.#write(this.#reliable.acknowledgement());
  }

  /** A new socket after a resume: sends what the client lacks. */
  replay(): void {
    for (const frame of this.#reliable.replay(0)) this.#write(frame);
  }

  end(): void {
    this.over = true;
    this.line?.close(CLOSE.ended, 'ended');
    this.host.over(this);
  }

  #write(frame: Frame<string>): void {
    this.line?.send(frame);
  }
}
