import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { realClock, type Clock } from './clock.js';

const COOKIE = 0x2112a442;
const HEADER = 20;
/** No request of a browser comes near it. */
const LONGEST = 548;
const REQUEST = 0x0001;
const SUCCESS = 0x0101;
const FAILURE = 0x0111;
/** What RFC 5389 lets a Binding request carry: USERNAME, MESSAGE-INTEGRITY, REALM, NONCE. */
const KNOWN = new Set([0x0006, 0x0008, 0x0014, 0x0015]);
const ERROR_CODE = 0x0009;
const UNKNOWN_ATTRIBUTES = 0x000a;
const XOR_MAPPED_ADDRESS = 0x0020;

/** Answers in a burst, and per second from then on: of one address (IPv6: of one /64), and of all. */
const PER_ADDRESS: Rate = [60, 20];
const ALL: Rate = [2_000, 2_000];
/** Addresses remembered at once; a flood of forged ones is held by the limit of all. */
const ADDRESSES = 10_000;

type Rate = readonly [burst: number, perSecond: number];

/**
 * The answer to a STUN Binding request (RFC 5389), and to nothing else: the address that it came
 * from, 12 bytes more than the shortest request (24 for IPv6). What would send the answer elsewhere
 * (CHANGE-REQUEST, RESPONSE-ADDRESS) is refused as unknown.
 *
 * @returns null when there is none
 */
export function answerBinding(
  request: Buffer,
  { address, port }: Pick<RemoteInfo, 'address' | 'port'>,
): Buffer | null {
  if (request.length < HEADER || request.length > LONGEST) return null;
  if (request.readUInt16BE(0) !== REQUEST || request.readUInt32BE(4) !== COOKIE) return null;
  if (request.readUInt16BE(2) !== request.length - HEADER) return null;
  const id = request.subarray(4, HEADER);
  const unknown: number[] = [];
  for (let at = HEADER; at < request.length;) {
    if (at + 4 > request.length) return null;
    const type = request.readUInt16BE(at);
    at += 4 + Math.ceil(request.readUInt16BE(at + 2) / 4) * 4;
    if (at > request.length) return null;
    if (type < 0x8000 && !KNOWN.has(type)) unknown.push(type);
  }
  if (unknown.length) {
    const code = Buffer.from([0, 0, 4, 20]);
    const first = Buffer.alloc(2);
    first.writeUInt16BE(unknown[0] ?? 0);
    return message(FAILURE, id, [ERROR_CODE, code], [UNKNOWN_ATTRIBUTES, first]);
  }
  const bytes = toBytes(address);
  const value = Buffer.alloc(4 + bytes.length);
  value[1] = bytes.length === 4 ? 1 : 2;
  value.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  bytes.forEach((byte, i) => (value[4 + i] = byte ^ (id[i] ?? 0)));
  return message(SUCCESS, id, [XOR_MAPPED_ADDRESS, value]);
}

/** A UDP socket that answers Binding requests within limits. */
export class StunServer {
  #socket: Socket | undefined;
  #buckets = new Map<string, Bucket>();
  #all: Bucket;

  constructor(
    private readonly log: (event: string, detail: Record<string, unknown>) => void,
    private readonly clock: Clock = realClock,
  ) {
    this.#all = new Bucket(ALL, clock.now());
  }

  /**
   * @param host Absent: all addresses of the machine.
   * @returns the port, also when 0 asked for a free one
   */
  async listen(port: number, host?: string): Promise<number> {
    try {
      return await this.#listen(host && isIPv4(host) ? 'udp4' : 'udp6', port, host);
    } catch (error) {
      // A machine without IPv6 does without.
      if ((error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT' || host) throw error;
      return this.#listen('udp4', port);
    }
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #listen(type: 'udp4' | 'udp6', port: number, host?: string): Promise<number> {
    const socket = createSocket(type);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, () => {
        socket.off('error', reject);
        socket.on('error', ({ message }) => this.log('stun-error', { message }));
        socket.on('message', (request, from) => this.#received(socket, request, from));
        this.#socket = socket;
        resolve(socket.address().port);
      });
    });
  }

  #received(socket: Socket, request: Buffer, from: RemoteInfo): void {
    // One who sends from there would have the answer reflected to a service.
    if (from.port < 1024) return;
    const answer = answerBinding(request, from);
    if (answer && this.#allows(from.address))
      socket.send(answer, from.port, from.address, () => undefined);
  }

  #allows(address: string): boolean {
    const now = this.clock.now();
    const key = toBytes(address).subarray(0, 8).toString('hex');
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      if (this.#buckets.size >= ADDRESSES) this.#buckets.clear();
      this.#buckets.set(key, (bucket = new Bucket(PER_ADDRESS, now)));
    }
    return bucket.take(now) && this.#all.take(now);
  }
}

class Bucket {
  #left: number;

  constructor(
    private readonly rate: Rate,
    private at: number,
  ) {
    this.#left = rate[0];
  }

  take(now: number): boolean {
    const [burst, perSecond] = this.rate;
    this.#left = Math.min(burst, this.#left + ((now - this.at) / 1000) * perSecond);
    this.at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

function message(type: number, id: Buffer, ...attributes: [type: number, value: Buffer][]): Buffer {
  const body = attributes.map(([name, value]) => {
    const attribute = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
    attribute.writeUInt16BE(name);
    attribute.writeUInt16BE(value.length, 2);
    value.copy(attribute, 4);
    return attribute;
  });
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type);
  head.writeUInt16BE(
    body.reduce((sum, { length }) => sum + length, 0),
    2,
  );
  return Buffer.concat([head, id, ...body]);
}

/** The 4 bytes of an IPv4 address, also of one mapped into IPv6; else the 16 of an IPv6 address. */
function toBytes(address: string): Buffer {
  const mapped = address.replace(/^::ffff:(?=[\d.]+$)/i, '');
  if (isIPv4(mapped)) return Buffer.from(mapped.split('.').map(Number));
  const [left = '', right] = address.replace(/%.*/, '').split('::');
  const groups = (text: string | undefined): number[] =>
    text ? text.split(':').map((group) => parseInt(group, 16)) : [];
  const [head, tail] = [groups(left), groups(right)];
  const middle = Array<number>(Math.max(0, 8 - head.length - tail.length)).fill(0);
  return Buffer.from([...head, ...middle, ...tail].flatMap((group) => [group >> 8, group & 255]));
}
