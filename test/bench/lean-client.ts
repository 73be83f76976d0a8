import { connect, type Socket } from 'node:net';
import { PROTOCOL } from '../../src/protocol/messages.js';

/** All sockets read into it, one after another. */
const shared = Buffer.alloc(256 * 1024);
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A frame of a client. Its mask is 0: as good as any on the way to a server, and no work. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const long = length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (long ? 126 : length);
  if (long) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, payload]);
}

/**
 * As little of a WebSocket as a server can be measured with: the fewer of the machine's cycles its
 * clients take, the more what is measured is the server.
 */
export class LeanClient {
  open: () => void = () => undefined;
  message: (text: string) => void = () => undefined;
  /** Failed, or closed by the server. */
  ended: () => void = () => undefined;
  /** What the server said when it closed. */
  why = '';
  #socket: Socket;
  #rest: Buffer | undefined;
  #upgraded = false;
  #over = false;

  constructor(url: string) {
    const { host, hostname, port } = new URL(url);
    const callback = (count: number, buffer: Uint8Array): boolean => {
      this.#read(Buffer.from(buffer.buffer, buffer.byteOffset, count));
      return true;
    };
    this.#socket = connect({ host: hostname, port: +port, onread: { buffer: shared, callback } });
    this.#socket.setNoDelay();
    this.#socket.write(
      `GET /rtc HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ${PROTOCOL}\r\n\r\n`,
    );
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#end());
  }

  get isOpen(): boolean {
    return this.#upgraded && !this.#over;
  }

  send(text: string): void {
    if (this.isOpen) this.#socket.write(frame(TEXT, Buffer.from(text)));
  }

  terminate(): void {
    this.#over = true;
    this.#socket.destroy();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.ended();
  }

  #read(chunk: Buffer): void {
    let data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    if (!this.#upgraded) {
      const end = data.indexOf('\r\n\r\n');
      if (end >= 0) {
        if (!data.toString('latin1', 0, 12).endsWith('101')) {
          this.#socket.destroy();
          return;
        }
        this.#upgraded = true;
        data = data.subarray(end + 4);
        this.open();
      }
    }
    let at = 0;
    while (this.#upgraded) {
      const [opcode = 0, size = 0] = data.subarray(at);
      const from = at + (size < 126 ? 2 : size === 126 ? 4 : 10);
      if (data.length < from) break;
      const length =
        size < 126 ? size : size === 126 ? data.readUInt16BE(at + 2) : data.readUInt32BE(at + 6);
      if (data.length < from + length) break;
      this.#frame(opcode & 15, data.subarray(from, from + length));
      at = from + length;
    }
    // The next one to read uses the same buffer.
    this.#rest = at < data.length ? Buffer.from(data.subarray(at)) : undefined;
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === TEXT) this.message(payload.toString());
    else if (opcode === PING) this.#socket.write(frame(PONG, payload));
    else if (opcode === CLOSE) {
      this.why = `${payload.readUInt16BE(0)} ${payload.toString('utf8', 2)}`;
      this.#socket.destroy();
    }
  }
}
