/**
 * Stands in for Qiniu's cloud, on this machine: HTTP and WebSocket signalling here, a Chromium page
 * as the media server. It proves that our driver drives the real SDK to full media; it proves
 * nothing of what Qiniu's servers allow, refuse or limit.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { Gates } from './gates.js';
import { MediaServer } from './media.js';
import { APP_ID, verify } from './room-tokens.js';
import { sdkScript } from './sdk-script.js';
import { Signalling, type Access } from './signalling.js';

export { ACCESS_KEY, APP_ID, issue, SECRET_KEY } from './room-tokens.js';

export class QiniuStandIn {
  readonly gates = new Gates();
  readonly signalling = new Signalling(
    () => this.#needMedia(),
    (token) => this.#accesses.get(token) ?? null,
    this.gates,
  );
  /** Answers nothing but 503 while true: as servers that are down behind their proxy. */
  unavailable = false;
  /** Requests that came, by path. */
  readonly requests: string[] = [];
  readonly #accesses = new Map<string, Access>();
  readonly #http: http.Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  #media: MediaServer | undefined;

  private constructor() {
    this.#http = http.createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        console.error('stand-in:', request.url, error);
        response.writeHead(500).end();
      });
    });
    this.#http.on('upgrade', (request, socket, head) => {
      void this.gates
        .pass('socket')
        .then(() =>
          this.#sockets.handleUpgrade(request, socket, head, (accepted) =>
            this.signalling.accept(accepted),
          ),
        );
    });
  }

  static async start(): Promise<QiniuStandIn> {
    const standIn = new QiniuStandIn();
    await standIn.listen(0);
    standIn.#media = await MediaServer.start(`${standIn.origin}/media.html`, (pcId) =>
      standIn.signalling.connected(pcId),
    );
    return standIn;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(port, '127.0.0.1', resolve));
  }

  /** The attributes by which a page reaches it, but for the token. */
  async attributes(options: Record<string, unknown> = {}): Promise<Record<string, string>> {
    const { integrity } = await sdkScript(true);
    return {
      provider: 'qiniu',
      'app-id': APP_ID,
      'sdk-url': `${this.origin}/qnweb-rtc.js`,
      'sdk-integrity': integrity,
      'driver-options': JSON.stringify({ mcuServerHosts: [this.origin], ...options }),
    };
  }

  /** As Qiniu's server API removes a user. */
  removeUser(room: string, user: string): void {
    for (const session of this.signalling.find(user, room)) {
      this.signalling.end(session, 10006, 'kicked out of the room', { kickedid: 'admin' });
    }
  }

  /** As Qiniu's server API closes a room. */
  dismiss(room: string): void {
    const { sessions } = this.signalling.rooms.get(room) ?? {};
    for (const session of [...(sessions?.values() ?? [])]) {
      this.signalling.end(session, 10012, 'the room is closed');
    }
  }

  /** Cuts a user's signalling, as a lost network does. */
  drop(user: string): void {
    for (const session of this.signalling.find(user)) session.socket?.terminate();
  }

  /** Forgets every room and cuts every connection, as a server that starts anew. */
  restart(): void {
    this.signalling.rooms.clear();
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
    await this.#media?.end();
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    this.requests.push(url.pathname);
    response.setHeader('access-control-allow-origin', '*');
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (url.pathname === '/qnweb-rtc.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' });
      response.end((await sdkScript(true)).text);
      return;
    }
    if (url.pathname === '/media.html') {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>media server</title>');
      return;
    }
    if (this.unavailable) return json(503, { error: 'unavailable' });
    if (url.pathname === '/observed') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { ufrag, sdp } = JSON.parse(Buffer.concat(chunks).toString()) as {
        ufrag: string;
        sdp: string;
      };
      await this.signalling.observed(ufrag, sdp);
      return json(200, {});
    }
    if (url.pathname === '/v4/sdk/config') return json(200, { content: '' });
    const auth = /^\/v3\/apps\/([\w-]+)\/rooms\/([\w-]+)\/auth$/.exec(url.pathname);
    if (!auth) return json(404, { error: 'not found' });
    await this.gates.pass('access');
    const claims = verify(url.searchParams.get('token') ?? '');
    if (!claims || claims.appId !== auth[1] || claims.roomName !== auth[2]) {
      return json(401, { error: 'bad token' });
    }
    return json(200, { accessToken: this.#accessToken(claims) });
  }

  #accessToken({
    roomName,
    userId,
    permission,
  }: {
    roomName: string;
    userId: string;
    permission: string;
  }): string {
    const url = `ws://127.0.0.1:${this.port}/signal`;
    const payload = JSON.stringify({
      roomid: roomName,
      playerid: userId,
      nonce: this.#accesses.size,
      roomServers: [{ url, ips: [], score: 1 }],
      signalingurl2: url,
    });
    const token = `stand-in.${Buffer.from(payload).toString('base64')}.`;
    this.#accesses.set(token, { roomName, userId, admin: permission === 'admin' });
    return token;
  }

  #needMedia(): MediaServer {
    if (!this.#media) throw new Error('the media server has not started');
    return this.#media;
  }
}
