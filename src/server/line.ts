import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Session } from './session.js';

const MAX_BUFFERED = 1024 * 1024;

/** Streams that are held back until this turn of the event loop is over. */
let held: Duplex[] = [];

function release(): void {
  const streams = held;
  held = [];
  for (const stream of streams) stream.uncork();
}

/** Text as a server's WebSocket frame. */
function frame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const all = Buffer.allocUnsafe(head + length);
  all[0] = 0x81;
  all[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head === 4) all.writeUInt16BE(length, 2);
  else if (head === 10) all.writeBigUInt64BE(BigInt(length), 2);
  all.write(text, head);
  return all;
}

/** A client's socket, and what is known of it. */
export class Line {
  /** What joined or resumed over it. */
  session: Session | null = null;
  /** The last of the frames that wait for a token to be checked. */
  queue: Promise<void> | undefined;
  waits = 0;
  /** Called once it has joined, or is gone. */
  settled: (() => void) | undefined;

  /**
   * @param stream What the socket writes to.
   * @param host What the client calls this server.
   */
  constructor(
    readonly socket: WebSocket,
    private readonly stream: Duplex,
    readonly host: string | undefined,
  ) {}

  /** Most that a client is told comes several at a time: one write for all. */
  send(text: string): void {
    const { socket, stream } = this;
    if (socket.readyState !== 1) return;
    if (socket.bufferedAmount > MAX_BUFFERED) {
      socket.terminate();
      return;
    }
    if (!stream.writableCorked) {
      stream.cork();
      if (held.push(stream) === 1) setImmediate(release);
    }
    // Not by `socket.send()`: nothing is compressed or cut here, so a frame is one piece of memory.
    stream.write(frame(text));
  }
}
