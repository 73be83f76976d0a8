/** One origin as a site has it: pages and dist/ here, everything else handed on to the room server. */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** Null: none at all, as of a server that cannot be reached. */
export type Answer = (request: { body: string; headers: http.IncomingHttpHeaders }) => {
  status: number;
  headers?: Record<string, string>;
  body?: string;
} | null;

interface Entry {
  html: string;
  headers: Record<string, string>;
}

export class Site {
  /** Where /rtc, /token and the HTTP API are; null: nothing answers there. */
  backend: number | null = null;
  readonly #pages = new Map<string, Entry>();
  readonly #routes = new Map<string, Answer>();
  readonly #sockets = new Set<Socket>();
  readonly #server: http.Server;
  #blocked: (client: string) => boolean = () => false;

  private constructor() {
    this.#server = http.createServer((request, response) => void this.#answer(request, response));
    this.#server.on('upgrade', (request: http.IncomingMessage, socket: Socket, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
  }

  static async start(): Promise<Site> {
    const site = new Site();
    await new Promise<void>((resolve) => site.#server.listen(0, '127.0.0.1', resolve));
    return site;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  add(name: string, html: string, headers: Record<string, string> = {}): string {
    this.#pages.set(name, { html, headers });
    return this.origin + name;
  }

  route(name: string, answer: Answer): void {
    this.#routes.set(name, answer);
  }

  /**
   * Cuts the signalling connections (a TCP reset, as a lost network is) and lets no new one through
   * until `restore()`. Only those whose page's address holds `page`, or all.
   */
  drop(page = ''): void {
    this.#blocked = (agent) => agent.includes(page);
    for (const socket of this.#sockets) {
      if (this.#blocked((socket as Socket & { agent?: string }).agent ?? ''))
        socket.resetAndDestroy();
    }
  }

  restore(): void {
    this.#blocked = () => false;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const name = (request.url ?? '/').split('?')[0] ?? '/';
    const page = this.#pages.get(name);
    if (page) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...page.headers });
      response.end(page.html);
      return;
    }
    const route = this.#routes.get(name);
    if (route) {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const answer = route({
        body: Buffer.concat(chunks).toString(),
        headers: request.headers,
      });
      if (!answer) {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(answer.body);
      return;
    }
    if (name === '/favicon.ico') {
      response.writeHead(204).end();
      return;
    }
    if (/^\/[\w./-]+\.(js|map)$/.test(name) && !name.includes('..')) {
      try {
        const text = await readFile(path.join(dist, name));
        response.writeHead(200, { 'content-type': 'text/javascript' }).end(text);
        return;
      } catch {
        // Not of the package: the room server may know it.
      }
    }
    this.#forward(request, response);
  }

  #forward(request: http.IncomingMessage, response: http.ServerResponse): void {
    if (this.backend === null) {
      response.writeHead(503).end();
      return;
    }
    const { method, url, headers } = request;
    const onward = http.request(
      { host: '127.0.0.1', port: this.backend, method, path: url, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(503).end());
    request.pipe(onward);
  }

  #upgrade(request: http.IncomingMessage, socket: Socket, head: Buffer): void {
    // Each page has a user agent that names it (harness.ts); a WebSocket sends no Referer.
    const agent = request.headers['user-agent'] ?? '';
    if (this.backend === null || this.#blocked(agent)) {
      socket.destroy();
      return;
    }
    const onward = net.connect(this.backend, '127.0.0.1', () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`];
      for (let i = 0; i < request.rawHeaders.length; i += 2) {
        lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      }
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      if (head.length > 0) onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) {
      Object.assign(end, { agent });
      this.#sockets.add(end);
      end.setNoDelay(true);
      end.on('error', () => undefined);
      end.on('close', () => {
        this.#sockets.delete(end);
        (end === socket ? onward : socket).destroy();
      });
    }
  }
}
