/**
 * The room server of the embedded back end: signalling, rooms, roles, bans, tokens. Node only.
 *
 *     import { createRoomServer } from 'rtc-elements/server';
 *     const server = createRoomServer({ secrets: [process.env.RTC_SECRET], authenticate });
 *     await server.listen(8080);
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { realClock } from './clock.js';
import { HttpApi, pathOf } from './http-api.js';
import type { LiveKitToken } from './livekit-options.js';
import { LiveKit } from './livekit.js';
import { Metrics } from './metrics.js';
import { readOptions, type RoomServerOptions } from './options.js';
import { RoomService, type RoomInfo } from './room-service.js';
import { SocketHost } from './socket-host.js';
import { StateFile } from './state-file.js';
import { StunServer } from './stun.js';
import { Tokens, type TokenRequest } from './tokens.js';
import type { RoomMode } from '../drivers/driver.js';

export type { Authenticated, RoomServerOptions, Timers, TokenAsk } from './options.js';
export type { LiveKitOptions, LiveKitToken } from './livekit-options.js';
export type { Relay, TurnOptions } from './ice.js';
export type { TokenAnswer, TokenMinter } from './minters.js';
export { QiniuMinter, type QiniuOptions } from './qiniu.js';
export { TrtcMinter, type TrtcOptions } from './trtc.js';
export type { RoomInfo, TokenRequest };

/** Rooms and tokens of LiveKit. Every call asks its server; bans are noted here. */
export interface LiveKitRooms {
  createRoom(room: string): Promise<boolean>;
  listRooms(): Promise<RoomInfo[]>;
  getRoom(room: string): Promise<RoomInfo | undefined>;
  dismissRoom(room: string): Promise<boolean>;
  removeUser(room: string, user: string, options?: { ban?: number }): Promise<number>;
  mintToken(request: TokenRequest): Promise<LiveKitToken>;
}

export interface RoomServer {
  /** Bearer key of the HTTP API: the option's, or in `dev` a random one. */
  readonly adminKey: string | undefined;
  /**
   * Listens by itself, with the HTTP API, `/rtc` and the STUN answer. Port 0 takes a free one; `dev` listens on
   * loopback whatever the host says.
   */
  listen(port?: number, host?: string): Promise<{ port: number; url: string }>;
  /** Answers STUN at `stunPort`, for a server that is attached to another. @returns the port */
  listenStun(host?: string): Promise<number>;
  /**
   * Listens for the HTTP API and the metrics alone, on loopback unless named otherwise; from then on
   * they are not answered elsewhere. Port 0 takes a free one.
   */
  listenAdmin(port?: number, host?: string): Promise<{ port: number; url: string }>;
  /**
   * Answers upgrades of another HTTP server at `path`, `/rtc` by default. Joins are posted there, too,
   * for `handler`; without it they are a round trip slower.
   */
  attach(server: Server, options?: { path?: string }): void;
  /** Answers `/health`, `/token`, `/api`, `/metrics`, and posts to where it is attached. @returns false when the request is none of these */
  handler(request: IncomingMessage, response: ServerResponse): boolean;
  /** @returns false when the room is open already */
  createRoom(room: string, mode?: RoomMode): boolean;
  listRooms(): RoomInfo[];
  getRoom(room: string): RoomInfo | undefined;
  /** @returns false when there is no such room */
  dismissRoom(room: string): boolean;
  /** Removes a user; with `ban` every join is refused for so many seconds. @returns how many sessions ended */
  removeUser(room: string, user: string, options?: { ban?: number }): number;
  mintToken(request: TokenRequest): Promise<{ token: string; expiresAt: number }>;
  /** The same for rooms of LiveKit; undefined without the option `livekit`. */
  readonly livekit: LiveKitRooms | undefined;
  /** Tells the clients, which come back when the server does, and releases everything. */
  close(): Promise<void>;
}

/** @throws Error that says which option is wrong */
export function createRoomServer(options: RoomServerOptions = {}): RoomServer {
  const random = (): string => randomBytes(24).toString('base64url');
  const settings = readOptions(options, random);
  const clock = realClock;
  const service = new RoomService(settings, clock);
  const tokens = new Tokens(settings.secrets, settings.audience, settings.tokenLife, () =>
    clock.now(),
  );
  const { stateFile, log } = settings;
  const state = stateFile === undefined ? undefined : new StateFile(stateFile, service.bans, log);
  const metrics = new Metrics(() => ({ ...service.size, sockets: sockets.size }));
  service.left = (reason) => metrics.left.add(reason);
  const sockets: SocketHost = new SocketHost(service, tokens, settings, clock, metrics);
  const livekit =
    settings.livekit && new LiveKit(settings.livekit, settings, service.bans, () => clock.now());
  const api = new HttpApi(service, tokens, settings, random, livekit, metrics, () =>
    state?.saved(),
  );
  const stun = new StunServer(settings.log);
  const detach: (() => void)[] = [];
  const own: Server[] = [];

  /** Where sockets are. */
  const paths = new Set<string | undefined>();

  const handler = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (api.handle(request, response)) return true;
    if (request.method !== 'POST' || !paths.has(pathOf(request)?.pathname)) return false;
    void sockets.post(request, response);
    return true;
  };

  const attach = (server: Server, { path = '/rtc' }: { path?: string } = {}): void => {
    paths.add(path);
    const upgrade = (...[request, socket, head]: Parameters<SocketHost['upgrade']>): void => {
      if (request.url === path || pathOf(request)?.pathname === path)
        sockets.upgrade(request, socket, head);
      else if (server.listenerCount('upgrade') === 1) socket.destroy();
    };
    server.on('upgrade', upgrade);
    detach.push(() => server.off('upgrade', upgrade));
  };

  const start = (port: number, host: string | undefined, admin = false): Promise<Server> => {
    const server = createServer((request, response) => {
      if (admin ? api.handleAdmin(request, response) : handler(request, response)) return;
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('RTC elements room server. The WebSocket is at /rtc.\n');
    });
    if (!admin) attach(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        own.push(server);
        resolve(server);
      });
    });
  };

  const listenStun = async (host?: string): Promise<number> => {
    if (settings.stunPort === undefined) throw new Error('listenStun() needs the option stunPort.');
    settings.ice.stunPort = await stun.listen(settings.stunPort, settings.dev ? '127.0.0.1' : host);
    return settings.ice.stunPort;
  };

  return {
    adminKey: settings.adminKey,
    handler,
    attach,
    livekit: livekit && {
      createRoom: (room) => livekit.createRoom(room),
      listRooms: () => livekit.listRooms(),
      getRoom: (room) => livekit.getRoom(room),
      dismissRoom: (room) => livekit.dismissRoom(room),
      removeUser(room, user, { ban } = {}) {
        service.removeUser(room, user, ban);
        return livekit.removeUser(room, user);
      },
      mintToken: (request) => livekit.mint(request),
    },
    listenStun,
    async listen(port = 0, host) {
      await livekit?.load();
      if (settings.stunPort !== undefined) await listenStun(host);
      const server = await start(port, settings.dev ? '127.0.0.1' : host).catch(
        (error: unknown) => {
          stun.close();
          throw error;
        },
      );
      const address = server.address() as AddressInfo;
      // `localhost` may mean ::1 first; a machine without IPv6 does without.
      if (settings.dev) await start(address.port, '::1').catch(() => undefined);
      const name = settings.dev ? 'localhost' : (host ?? 'localhost');
      return { port: address.port, url: `http://${name}:${address.port}` };
    },
    async listenAdmin(port = 0, host = '127.0.0.1') {
      if (settings.adminKey === undefined)
        throw new Error('The HTTP API needs the option adminKey: its Bearer key.');
      const server = await start(port, settings.dev ? '127.0.0.1' : host, true);
      api.apart = true;
      const address = server.address() as AddressInfo;
      const name = isIPv6(address.address) ? `[${address.address}]` : address.address;
      return { port: address.port, url: `http://${name}:${address.port}` };
    },
    createRoom: (room, mode) => service.createRoom(room, mode),
    listRooms: () => service.listRooms(),
    getRoom: (room) => service.getRoom(room),
    dismissRoom: (room) => service.dismissRoom(room),
    removeUser: (room, user, { ban } = {}) => service.removeUser(room, user, ban),
    mintToken: (request) => tokens.mint(request),
    async close() {
      sockets.close();
      stun.close();
      for (const off of detach) off();
      service.close();
      await Promise.all(
        own.map((server) => {
          server.closeIdleConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
      await state?.saved();
    },
  };
}
