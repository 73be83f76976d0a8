import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jwtVerify, type JWTPayload } from 'jose';
import { WebSocket } from 'ws';
import {
  createRoomServer,
  type RoomServer,
  type RoomServerOptions,
} from '../../src/server/index.js';

export const KEY = 'the key';
export const SECRET = 'the secret of the LiveKit tests, long enough';
export const ADMIN = 'the key of the HTTP API';

export interface VideoGrant extends Record<string, unknown> {
  room: string;
}
export interface LiveKitClaims extends JWTPayload {
  video: VideoGrant;
  metadata?: string;
  attributes?: Record<string, string>;
  roomConfig: { emptyTimeout: number; departureTimeout: number };
}

/** What LiveKit reads out of a token; the signature is checked as it checks it. */
export async function claimsOf(token: string, secret = SECRET): Promise<LiveKitClaims> {
  const key = new TextEncoder().encode(secret);
  const { payload } = await jwtVerify<LiveKitClaims>(token, key, {
    algorithms: ['HS256'],
    requiredClaims: ['exp', 'nbf', 'iss', 'sub'],
  });
  return payload;
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** A site's room server, asked over HTTP. */
export class SiteServer {
  private constructor(
    readonly rooms: RoomServer,
    private readonly address: string,
  ) {}

  static async start(options: RoomServerOptions): Promise<SiteServer> {
    const rooms = createRoomServer({ dev: true, adminKey: ADMIN, ...options });
    return new SiteServer(rooms, (await rooms.listen(0)).url);
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.address + path, {
      method,
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** As an element asks its `token-url`. */
  token(more: Record<string, unknown> = {}): Promise<Answer> {
    return this.ask('POST', '/token', {
      provider: 'livekit',
      roomId: '8888',
      userId: 'alice',
      userRole: 'anchor',
      reason: 'join',
      ...more,
    });
  }
}

/** Answers LiveKit's RoomService calls as told, and remembers them. */
export class FakeLiveKit {
  readonly calls: { method: string; body: Record<string, unknown> }[] = [];
  status = 200;
  #server = createServer((request, response) => {
    void read(request).then((body) => {
      this.calls.push({ method: request.url?.split('/').at(-1) ?? '', body });
      response.writeHead(this.status, { 'content-type': 'application/json' });
      response.end(this.status === 200 ? '{}' : '{"code":"x","msg":"the token eyJ… is refused"}');
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function read(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
}

/** In a room of LiveKit by its signalling alone, as a page is before its media flows. */
export class Member {
  readonly left: Promise<void>;

  private constructor(private readonly socket: WebSocket) {
    this.left = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /** @throws Error when LiveKit refuses */
  static async join(url: string, token: string): Promise<Member> {
    const query = new URLSearchParams({ access_token: token, protocol: '15', auto_subscribe: '0' });
    const socket = new WebSocket(`${url}/rtc?${query.toString()}`);
    const member = new Member(socket);
    await new Promise<void>((resolve, reject) => {
      // The first message is the answer to the join.
      socket.once('message', () => resolve());
      socket.once('error', reject);
    });
    return member;
  }

  async leave(): Promise<void> {
    this.socket.close();
    await this.left;
  }
}
