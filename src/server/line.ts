import type { Duplex } from 'node:stream';
import { WebSocket, type RawData } from 'ws';
import type { Frame } from '../protocol/messages.js';
import type { Session } from './session.js';

const MAX_BUFFERED = 1024 * 1024;
const MAX_WAITING = 64;

/** What lines are told of. */
export interface LineHost {
  /**
   * @param text Null: the frame is not text.
   * @returns a promise where what comes next has to wait
   */
  heard(line: Line, text: string | null): Promise<void> | undefined;
  /** The client has answered a ping. */
  alive(line: Line): void;
  failed(error: Error): void;
  /** The socket is closed; what it brought may not be done yet. */
  closed(line: Line): void;
  /** The same once it is. */
  ended(line: Line, code: number): void;
}

/** It knows its line, so that all have the same listeners. */
export class LineSocket extends WebSocket {
  line: Line | undefined;
}

const lineOf = (socket: WebSocket): Line | undefined => (socket as LineSocket).line;

function onMessage(this: WebSocket, raw: RawData, binary: boolean): void {
  // `ws` gives a Buffer unless told otherwise.
  lineOf(this)?.onMessage(binary ? null : (raw as Buffer).toString());
}

function onPong(this: WebSocket): void {
  lineOf(this)?.onPong();
}

function onError(this: WebSocket, error: Error): void {
  lineOf(this)?.onError(error);
}

function onClose(this: WebSocket, code: number): void {
  lineOf(this)?.onClose(code);
}

/** Lines whose frames wait until this turn of the event loop is over. */
let held: Line[] = [];

function release(): void {
  const lines = held;
  held = [];
  for (const line of lines) line.release();
}

/** As WebSocket frames of a server, one behind the other. */
function encode(frames: readonly Frame<string>[]): Buffer {
  // In ASCII but for the message: no text is made of both only to be copied.
  const heads = frames.map(({ n, a, m }) => `{"n":${n},"a":${a}${m === undefined ? '}' : ',"m":'}`);
  const sizes = frames.map(
    ({ m }, i) => (heads[i]?.length ?? 0) + (m === undefined ? 0 : Buffer.byteLength(m) + 1),
  );
  const all = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size + lengthBytes(size), 0));
  let at = 0;
  frames.forEach(({ m }, i) => {
    const size = sizes[i] ?? 0;
    all[at] = 0x81;
    if (size < 126) all[at + 1] = size;
    else if (size < 65_536) {
      all[at + 1] = 126;
      all.writeUInt16BE(size, at + 2);
    } else {
      all[at + 1] = 127;
      all.writeBigUInt64BE(BigInt(size), at + 2);
    }
    at += lengthBytes(size);
    at += all.write(heads[i] ?? '', at, 'latin1');
    if (m === undefined) return;
    at += all.write(m, at);
    all[at++] = 0x7d;
  });
  return all;
}

function lengthBytes(size: number): number {
  return size < 126 ? 2 : size < 65_536 ? 4 : 10;
}

/** A client's socket, and what is known of it. */
export class Line {
  /** What joined or resumed over it. */
  session: Session | null = null;
  /** Not written yet. */
  #frames: Frame<string>[] = [];
  #length = 0;
  #held = false;
  /** The last of the frames that wait for a token to be checked. */
  #queue: Promise<void> | undefined;
  #waits = 0;

  /**
   * @param stream What the socket writes to; corked.
   * @param name What the client calls this server.
   */
  constructor(
    readonly socket: LineSocket,
    private readonly stream: Duplex,
    readonly name: string | undefined,
    private readonly host: LineHost,
  ) {
    socket.line = this;
    this.#hold();
    socket.on('message', onMessage);
    socket.on('pong', onPong);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /**
   * Most that a client is told comes several at a time: one write for all.
   * @param frame With its message as JSON.
   */
  send(frame: Frame<string>): void {
    if (!this.isOpen) return;
    if (this.socket.bufferedAmount + this.#length > MAX_BUFFERED) {
      this.socket.terminate();
      return;
    }
    this.#hold();
    this.#frames.push(frame);
    this.#length += frame.m?.length ?? 0;
  }

  #hold(): void {
    if (this.#held) return;
    this.#held = true;
    if (held.push(this) === 1) setImmediate(release);
  }

  /** Writes what was sent, and what the stream held back. */
  release(): void {
    this.#held = false;
    this.flush();
    this.stream.uncork();
  }

  /** Writes what was sent. */
  flush(): void {
    const frames = this.#frames;
    if (!frames.length) return;
    this.#frames = [];
    this.#length = 0;
    // Not by `socket.send()`: nothing is compressed or cut here, so all is one piece of memory.
    if (this.isOpen) this.stream.write(encode(frames));
  }

  ping(): void {
    // What waits goes out with it.
    this.stream.cork();
    this.flush();
    this.socket.ping();
    this.stream.uncork();
  }

  close(code: number, reason: string): void {
    this.flush();
    this.socket.close(code, reason);
  }

  terminate(): void {
    this.socket.terminate();
  }

  onMessage(text: string | null): void {
    const { host } = this;
    const queue = this.#queue;
    this.#wait(queue ? queue.then(() => host.heard(this, text)) : host.heard(this, text));
  }

  onPong(): void {
    this.host.alive(this);
  }

  onError(error: Error): void {
    this.host.failed(error);
  }

  onClose(code: number): void {
    const { host } = this;
    host.closed(this);
    const queue = this.#queue;
    if (queue) this.#wait(queue.then(() => host.ended(this, code)));
    else host.ended(this, code);
  }

  /** One frame at a time: verifying a token takes a while, and order matters. */
  #wait(work: Promise<void> | undefined): void {
    if (!work) return;
    // Who sends faster than tokens are checked fills its own buffers, not ours.
    if (++this.#waits > MAX_WAITING) this.socket.pause();
    const queue = (this.#queue = work.then(() => {
      if (this.#queue === queue) this.#queue = undefined;
      if (!--this.#waits && this.socket.isPaused) this.socket.resume();
    }));
  }
}
