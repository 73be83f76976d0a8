/** The room server that a test runs against: in this process, or a child that can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { SignJWT } from 'jose';
import type * as Server from '../../src/server/index.js';
import { freePort } from '../tools/free-port.mjs';
import { dist } from './serve.js';

const SECRET = 'a secret of the end-to-end tests, long enough';
const ADMIN_KEY = 'key of the end-to-end tests';

export interface ServerOptions {
  /** Nobody enters without a token. Else the server is open, as with --dev. */
  tokens?: boolean;
  /** `dist/server/cli.js --dev` in a process of its own. */
  child?: boolean;
  /** Milliseconds; see `Timers` of the server. */
  timers?: Partial<Server.Timers>;
  /** Viewers of each anchor; default 12. */
  maxFanout?: number;
  /** How long the test may take, in milliseconds. */
  timeout?: number;
}

export interface TokenOptions extends Server.TokenRequest {
  /** It ended an hour ago. */
  expired?: boolean;
  /** Of another site that has, by mistake, the same secret. */
  foreign?: boolean;
}

/** As the server made it two hours ago, for an hour. */
function stale({ room, user, role = 'anchor' }: Server.TokenRequest): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ room, role })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setAudience('rtc-elements')
    .setIssuedAt(now - 7_200)
    .setExpirationTime(now - 3_600)
    .sign(new TextEncoder().encode(SECRET));
}

/** As a site's back end uses it: through the HTTP API. */
export class TestServer {
  #key = ADMIN_KEY;
  #child: ChildProcess | undefined;
  #port = 0;

  private constructor(
    private readonly server: Server.RoomServer | undefined,
    private readonly module: typeof Server,
  ) {}

  static async start({ tokens, child, timers, maxFanout }: ServerOptions): Promise<TestServer> {
    const module = (await import(
      pathToFileURL(path.join(dist, 'server/index.js')).href
    )) as typeof Server;
    if (child) {
      const it = new TestServer(undefined, module);
      it.#port = await freePort();
      await it.restart();
      return it;
    }
    const server = module.createRoomServer({
      ...(tokens ? { secrets: [SECRET] } : { dev: true }),
      adminKey: ADMIN_KEY,
      timers,
      maxFanout,
    });
    const it = new TestServer(server, module);
    it.#port = (await server.listen(0, '127.0.0.1')).port;
    return it;
  }

  get port(): number {
    return this.#port;
  }

  /** SIGKILL: nothing is said to anybody. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** On the same port, knowing nothing of before. */
  async restart(): Promise<void> {
    const child = spawn(
      process.execPath,
      [path.join(dist, 'server/cli.js'), '--dev', '--port', String(this.#port)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const key = /HTTP API key: (\S+)/.exec(line)?.[1];
      if (!key) continue;
      this.#key = key;
      return;
    }
    throw new Error('dist/server/cli.js ended before it listened');
  }

  async mint({ expired, foreign, ...request }: TokenOptions): Promise<string> {
    if (expired) return stale(request);
    if (!foreign) return (await this.#mintBy(this.server, request)).token;
    const other = this.module.createRoomServer({ secrets: [SECRET], audience: 'another site' });
    const { token } = await this.#mintBy(other, request);
    await other.close();
    return token;
  }

  async createRoom(room: string): Promise<void> {
    await this.#call('POST', '/rooms', { room });
  }

  /** Null when there is no such room. */
  inspectRoom(room: string): Promise<unknown> {
    return this.#call('GET', `/rooms/${room}`);
  }

  async dismissRoom(room: string): Promise<void> {
    await this.#call('DELETE', `/rooms/${room}`);
  }

  /** @param ban Seconds for which all tokens are refused, not only those issued before. */
  async removeUser(room: string, user: string, ban?: number): Promise<void> {
    const query = ban === undefined ? '' : `?ban=${ban}`;
    await this.#call('DELETE', `/rooms/${room}/users/${user}${query}`);
  }

  async stop(): Promise<void> {
    await this.server?.close();
    await this.kill();
  }

  #mintBy(
    server: Server.RoomServer | undefined,
    request: Server.TokenRequest,
  ): Promise<{ token: string }> {
    if (!server) throw new Error('a child mints no tokens');
    return server.mintToken(request);
  }

  async #call(method: string, address: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/api${address}`, {
      method,
      headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (response.status === 404) return null;
    if (!response.ok)
      throw new Error(`${method} ${address}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }
}
