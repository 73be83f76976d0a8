/**
 * What trtc-js-sdk 4.15 talks to: JSON over a WebSocket `{cmd, data, seq, code}`, and the address
 * to which it sends its log. Measured on the SDK itself; TRTC's own server policy is not known here.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { WebSocketServer, type WebSocket } from 'ws';
import { Media } from './media.js';
import { answerWithSdk } from './sdk.js';
import type { Wanted } from './sfu.js';
import { checkUserSig, readPrivateMapKey, type Application } from './signatures.js';

/** What the server says. */
const SAY = {
  banned: 9,
  setUp: 19,
  joined: 20,
  quality: 22,
  published: 23,
  reconnected: 514,
  constraints: 772,
  publish: 4098,
  unpublish: 4100,
  subscribe: 4102,
  unsubscribe: 4104,
  subscribeChange: 4106,
  mute: 4108,
  role: 4110,
  publishState: 4112,
  peerJoined: 4134,
  peerLeft: 4135,
  userList: 4137,
} as const;

const ANCHOR = 20;
const AUDIENCE = 21;
const LIVE = 2;
/** TRTC's codes for a join: the rights are not given. */
const NO_RIGHT = -100_006;
const SEND_RIGHTS = 4 | 16 | 64;
const JOIN_RIGHT = 2;

/** What of a user is published, as bits of one number. */
const FLAG = { video: 1, auxiliary: 4, audio: 8, videoMuted: 16, audioMuted: 64 };

interface State {
  audio: boolean;
  bigVideo: boolean;
  auxVideo: boolean;
}

interface Member {
  userId: string;
  tinyId: string;
  room: string;
  live: boolean;
  anchor: boolean;
  socket: WebSocket | null;
  state: State;
  muted: State;
  subscriptions: Set<string>;
  /** Runs while the connection is lost. */
  grace?: ReturnType<typeof setTimeout>;
}

interface Frame {
  cmd: string;
  data?: Record<string, unknown>;
  seq?: number;
}

export interface StandInOptions extends Application {
  /** Nobody enters without a PrivateMapKey. */
  rights?: boolean;
  /** How long a lost connection is waited for, in milliseconds; default 30,000. */
  grace?: number;
}

const nothing = (): State => ({ audio: false, bigVideo: false, auxVideo: false });

export class TrtcStandIn {
  /** What SDKs sent to the address for their logs: the path, and what they said. */
  readonly logged: string[] = [];
  readonly #members = new Map<string, Member>();
  #ids = 1000;
  /** Answers that the next join of a user gets instead of its own. */
  readonly #refusals = new Map<string, number>();

  private constructor(
    private readonly options: StandInOptions,
    private readonly media: Media,
    private readonly http: http.Server,
    private readonly sockets: WebSocketServer,
    private readonly blocked: Set<string>,
  ) {}

  static async start(options: StandInOptions): Promise<TrtcStandIn> {
    const media = await Media.start();
    const server = http.createServer((request, response) => {
      if (request.url === '/trtc.js') return answerWithSdk(response);
      void text(request).then((body) => standIn.logged.push(`${request.url} ${body}`));
      response
        .writeHead(200, {
          'access-control-allow-origin': '*',
          'access-control-allow-headers': '*',
          'content-type': 'application/json',
        })
        .end('{}');
    });
    const blocked = new Set<string>();
    const sockets = new WebSocketServer({
      server,
      verifyClient: ({ req }: { req: http.IncomingMessage }) => !blocked.has(userOf(req.url)),
    });
    const standIn: TrtcStandIn = new TrtcStandIn(options, media, server, sockets, blocked);
    sockets.on('connection', (socket, { url }) => standIn.#connected(socket, url ?? '/'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  /** For `driver-options`. */
  get proxy(): { websocketProxy: string; loggerProxy: string } {
    const { port } = this.http.address() as AddressInfo;
    return {
      websocketProxy: `ws://127.0.0.1:${port}`,
      loggerProxy: `http://127.0.0.1:${port}`,
    };
  }

  /** Open connections of the media page. */
  connections(): Promise<number> {
    return this.media.count();
  }

  /** As the server API's RemoveUser. */
  removeUser(room: string, userId: string): void {
    for (const member of this.#in(room)) if (member.userId === userId) this.#ban(member, 'banned');
  }

  /** As DismissRoom. */
  dismiss(room: string): void {
    for (const member of this.#in(room)) this.#ban(member, 'room_disband');
  }

  /** The next join of this user is answered with this code. */
  refuse(userId: string, code: number): void {
    this.#refusals.set(userId, code);
  }

  /** Cuts the connections of a user; the next one comes through. */
  cut(userId: string): void {
    for (const member of this.#members.values())
      if (member.userId === userId) member.socket?.terminate();
  }

  /** Cuts the connections of a user, and lets no new one through until `restore()`. */
  drop(userId: string): void {
    this.blocked.add(userId);
    this.cut(userId);
  }

  /** Forgets every room and cuts every connection, as a server that starts anew. */
  restart(): void {
    const members = [...this.#members.values()];
    this.#members.clear();
    for (const member of members) {
      clearTimeout(member.grace);
      void this.media.unpublish(member.tinyId);
      for (const key of member.subscriptions) void this.media.unsubscribe(key);
      member.socket?.terminate();
    }
  }

  restore(): void {
    this.blocked.clear();
  }

  async stop(): Promise<void> {
    for (const { grace } of this.#members.values()) clearTimeout(grace);
    this.#members.clear();
    for (const socket of this.sockets.clients) socket.terminate();
    this.sockets.close();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
    await this.media.stop();
  }

  #connected(socket: WebSocket, url: string): void {
    const query = new URL(url, 'ws://stand-in').searchParams;
    const userId = userOf(url);
    const code = checkUserSig(this.options, userId, query.get('userSig') ?? '');
    if (code) {
      send(socket, SAY.setUp, {}, { code, message: 'the userSig is refused' });
      return;
    }
    // The SDK comes back to where it was; where nobody knows it any more, it joins again.
    if (query.get('rc') === '1') {
      const room = `/${query.getAll('roomId').at(-1) ?? ''}`;
      const lost = [...this.#members.values()].find(
        (member) => member.userId === userId && !member.socket && member.room.endsWith(room),
      );
      if (!lost) {
        send(socket, SAY.reconnected, {}, { code: 1, message: 'no such stay' });
        return;
      }
      clearTimeout(lost.grace);
      this.#attach(lost, socket);
      send(socket, SAY.reconnected, {});
      this.#tellPublished(lost.room);
      return;
    }
    const member: Member = {
      userId,
      tinyId: String(++this.#ids),
      room: '',
      live: false,
      anchor: false,
      socket: null,
      state: nothing(),
      muted: nothing(),
      subscriptions: new Set(),
    };
    this.#attach(member, socket);
    send(
      socket,
      SAY.setUp,
      { clientIp: '127.0.0.1', signalInnerIp: '127.0.0.1', svrTime: Date.now() },
      { tinyId: member.tinyId },
    );
  }

  #attach(member: Member, socket: WebSocket): void {
    member.socket = socket;
    // One command after the other, as they were sent.
    let tail: Promise<void> = Promise.resolve();
    socket.on('message', (text: Buffer) => {
      const frame = JSON.parse(text.toString()) as Frame;
      tail = tail
        .then(() => this.#handle(member, frame))
        .catch((error: unknown) => {
          console.error('TRTC stand-in:', frame.cmd, error);
        });
    });
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      if (member.socket !== socket) return;
      member.socket = null;
      // 1000 is how the SDK closes by itself.
      if (code === 1000 || code === 1001) this.#remove(member);
      else if (this.#members.has(member.tinyId))
        member.grace = setTimeout(() => this.#remove(member, 1), this.options.grace ?? 30_000);
    });
  }

  async #handle(member: Member, { cmd, data = {}, seq }: Frame): Promise<void> {
    const answer = (say: number, body: unknown = {}): void => {
      if (member.socket) send(member.socket, say, body, { seq });
    };
    switch (cmd) {
      case 'join':
        return this.#join(member, data);
      case 'leave':
        return this.#remove(member);
      case 'publish':
        member.state = data['state'] as State;
        answer(SAY.publish, {
          type: 'answer',
          sdp: await this.media.publish(member.tinyId, data['sdp'] as string),
        });
        return this.#tellPublished(member.room);
      case 'publish_state_change':
        member.state = data['state'] as State;
        answer(SAY.publishState);
        return this.#tellPublished(member.room);
      case 'unpublish':
        member.state = nothing();
        await this.media.unpublish(member.tinyId);
        answer(SAY.unpublish);
        return this.#tellPublished(member.room);
      case 'mute_uplink':
        member.muted = data as unknown as State;
        answer(SAY.mute);
        return this.#tellPublished(member.room);
      case 'subscribe': {
        const source = String(data['srcTinyId']);
        const key = `${member.tinyId}<${source}`;
        member.subscriptions.add(key);
        const wanted = data as unknown as Wanted;
        const sdp = await this.media.subscribe(key, source, wanted, data['sdp'] as string);
        return answer(SAY.subscribe, { type: 'answer', sdp });
      }
      case 'subscribe_change':
        await this.media.change(
          `${member.tinyId}<${String(data['srcTinyId'])}`,
          data as unknown as Wanted,
        );
        return answer(SAY.subscribeChange);
      case 'unsubscribe': {
        const key = `${member.tinyId}<${String(data['srcTinyId'])}`;
        member.subscriptions.delete(key);
        await this.media.unsubscribe(key);
        return answer(SAY.unsubscribe);
      }
      case 'change_role':
        return this.#changeRole(member, data, seq);
      case 'get_user_list':
        return answer(SAY.userList, {
          userList: this.#in(member.room)
            .filter((one) => one.anchor)
            .map(({ userId, tinyId }) => ({ userId, srcTinyId: tinyId, role: ANCHOR })),
        });
      case 'quality_report':
        // Every 2 s. The SDK knows of what it sends only what it is told.
        return answer(SAY.quality, await this.media.quality(member.tinyId));
      case 'update_constraint_config':
        return answer(SAY.constraints);
    }
  }

  #join(member: Member, data: Record<string, unknown>): void {
    const { socket, userId } = member;
    if (!socket) return;
    const anchor = data['trtcRole'] !== AUDIENCE;
    const roomId = String(data['roomId']);
    const refused =
      this.#refusals.get(userId) ??
      (this.#allows(member, roomId, anchor, data['privateMapKey']) ? 0 : NO_RIGHT);
    this.#refusals.delete(userId);
    if (refused) {
      send(socket, SAY.joined, { publishers: [] }, { code: refused, message: 'refused' });
      return;
    }
    member.room = `${data['useStringRoomId'] === true ? 'string' : 'number'}/${roomId}`;
    member.live = data['trtcScene'] === LIVE;
    member.anchor = anchor;
    this.#members.set(member.tinyId, member);
    this.#kickOther(member);
    send(socket, SAY.joined, {
      relayOuterIp: '127.0.0.1',
      relayInnerIp: '127.0.0.1',
      relayPort: 1,
      publishers: this.#publishers(member.room),
    });
    if (anchor) this.#tellOthers(member, SAY.peerJoined, { role: ANCHOR });
    this.#tellPublished(member.room);
  }

  #changeRole(member: Member, data: Record<string, unknown>, seq: number | undefined): void {
    const { socket } = member;
    if (!socket) return;
    const anchor = data['role'] !== AUDIENCE;
    const [, room = ''] = member.room.split(/\/(.*)/s);
    if (!this.#allows(member, room, anchor, data['privateMapKey'])) {
      send(socket, SAY.role, {}, { seq, code: NO_RIGHT, message: 'refused' });
      return;
    }
    const changed = anchor !== member.anchor;
    member.anchor = anchor;
    send(socket, SAY.role, {}, { seq });
    if (!changed) return;
    if (anchor) this.#kickOther(member);
    else {
      member.state = nothing();
      void this.media.unpublish(member.tinyId);
    }
    this.#tellOthers(member, anchor ? SAY.peerJoined : SAY.peerLeft, { role: ANCHOR, reason: 0 });
    this.#tellPublished(member.room);
  }

  /** Whether the PrivateMapKey allows it, where one is asked for. */
  #allows(member: Member, room: string, anchor: boolean, key: unknown): boolean {
    if (!this.options.rights) return true;
    const rights =
      typeof key === 'string' ? readPrivateMapKey(this.options, member.userId, key) : null;
    if (rights?.room !== room || rights.expires < Date.now() / 1000) return false;
    const needed = JOIN_RIGHT | (anchor ? SEND_RIGHTS : 0);
    return (rights.privileges & needed) === needed;
  }

  /** The same user twice in a room, both anchors: the earlier one goes. */
  #kickOther(member: Member): void {
    for (const other of this.#in(member.room)) {
      if (other !== member && other.userId === member.userId && other.anchor && member.anchor)
        this.#ban(other, 'kick');
    }
  }

  #ban(member: Member, reason: 'kick' | 'banned' | 'room_disband'): void {
    if (member.socket) send(member.socket, SAY.banned, { reason });
    this.#remove(member, 2);
  }

  #remove(member: Member, reason = 0): void {
    if (!this.#members.delete(member.tinyId)) return;
    clearTimeout(member.grace);
    void this.media.unpublish(member.tinyId);
    for (const key of member.subscriptions) void this.media.unsubscribe(key);
    const stays = this.#in(member.room).some(({ userId }) => userId === member.userId);
    if (member.anchor && !stays) this.#tellOthers(member, SAY.peerLeft, { reason });
    this.#tellPublished(member.room);
  }

  #in(room: string): Member[] {
    // Callers name a room by its id alone.
    return [...this.#members.values()].filter(
      (member) => member.room === room || member.room.endsWith(`/${room}`),
    );
  }

  #publishers(room: string): { userId: string; srcTinyId: string; flag: number }[] {
    return this.#in(room)
      .map(({ userId, tinyId, state, muted }) => ({
        userId,
        srcTinyId: tinyId,
        flag:
          (state.bigVideo ? FLAG.video : 0) |
          (state.auxVideo ? FLAG.auxiliary : 0) |
          (state.audio ? FLAG.audio : 0) |
          (muted.bigVideo ? FLAG.videoMuted : 0) |
          (muted.audio ? FLAG.audioMuted : 0),
      }))
      .filter(({ flag }) => flag & (FLAG.video | FLAG.auxiliary | FLAG.audio));
  }

  #tellPublished(room: string): void {
    if (!room) return;
    const userList = this.#publishers(room);
    for (const { socket } of this.#in(room)) if (socket) send(socket, SAY.published, { userList });
  }

  #tellOthers(member: Member, say: number, more: Record<string, unknown>): void {
    const { userId, tinyId, room } = member;
    for (const other of this.#in(room)) {
      if (other !== member && other.socket)
        send(other.socket, say, { userId, srcTinyId: tinyId, ...more });
    }
  }
}

function userOf(url = '/'): string {
  return new URL(url, 'ws://stand-in').searchParams.get('userId') ?? '';
}

function send(
  socket: WebSocket,
  cmd: number,
  data: unknown,
  more: Record<string, unknown> = {},
): void {
  socket.send(JSON.stringify({ cmd, code: 0, message: '', data, ...more }));
}
