/** Stands between pages and LiveKit, so that one user's signalling can be cut. Media passes beside it. */
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';

export class SignalProxy {
  readonly #server = http.createServer();
  readonly #users = new Map<Socket, string>();

  private constructor(private readonly target: URL) {
    this.#server.on('request', (request, response) => this.#forward(request, response));
    this.#server.on('upgrade', (request: http.IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  static async start(target: string): Promise<SignalProxy> {
    const proxy = new SignalProxy(new URL(target));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A reset, as of a lost network; the next attempt gets through. @returns whether there was one */
  drop(user: string): boolean {
    const theirs = [...this.#users].filter(([, name]) => name === user);
    for (const [socket] of theirs) socket.resetAndDestroy();
    return theirs.length > 0;
  }

  async stop(): Promise<void> {
    for (const socket of this.#users.keys()) socket.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method, url, headers } = request;
    const { hostname: host, port } = this.target;
    const onward = http.request({ host, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }

  #upgrade(request: http.IncomingMessage, socket: Socket, head: Buffer): void {
    const onward = net.connect(Number(this.target.port), this.target.hostname, () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`];
      for (let i = 0; i < request.rawHeaders.length; i += 2) {
        lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      }
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      if (head.length > 0) onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    this.#users.set(socket, userOf(request));
    for (const [end, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      end.setNoDelay(true);
      end.on('error', () => undefined);
      end.on('close', () => {
        this.#users.delete(socket);
        other.destroy();
      });
    }
  }
}

/** The user in the token, links counted as their users'. */
function userOf({ url = '/' }: http.IncomingMessage): string {
  const token = new URL(url, 'http://livekit').searchParams.get('access_token') ?? '';
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  try {
    return (JSON.parse(claims) as { sub: string }).sub.replace(/~link~[0-9a-z]{8}$/, '');
  } catch {
    return '';
  }
}
