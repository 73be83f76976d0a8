import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { capabilitiesOf } from './capabilities.js';
import type { Gates } from './gates.js';
import type { Transport } from './media-page.js';
import type { MediaServer } from './media.js';
import { Room, Session, type TrackInfo } from './session.js';

/** What an access token says; ours is not signed, for none leaves this process but to be brought back. */
export interface Access {
  roomName: string;
  userId: string;
  admin: boolean;
}

/** Milliseconds; after them Qiniu takes a user who is silent for gone. */
const SILENCE = 30_000;

type Body = Record<string, unknown>;
interface PublishedTrack {
  localid: string;
  localmid: string;
  kind: string;
  tag?: string;
  master?: boolean;
}

/** The public QNRTC-Signal protocol, as qnweb-rtc 4.3.2 speaks it: text frames `name={json}`. */
export class Signalling {
  readonly rooms = new Map<string, Room>();
  /** The next answers to `auth`, each used once. */
  readonly refusals: { code: number; error: string }[] = [];
  /** By connection, what is to be told once it stands. */
  #waiting = new Map<string, () => void>();
  #byUfrag = new Map<string, string>();

  constructor(
    private readonly media: () => MediaServer,
    private readonly accessOf: (token: string) => Access | null,
    private readonly gates: Gates,
  ) {}

  accept(socket: WebSocket): void {
    let session: Session | null = null;
    // Heard in turn, as the SDK sends.
    let queue: Promise<unknown> = Promise.resolve();
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      const at = text.indexOf('=');
      const type = text.slice(0, at);
      const body = JSON.parse(text.slice(at + 1)) as Body;
      queue = queue.then(async () => {
        if (type === 'auth') session = await this.#auth(socket, body);
        else if (session) await this.#hear(session, type, body);
      });
      queue.catch((error: unknown) => {
        console.error('stand-in:', type, error);
        socket.terminate();
      });
    });
    // The SDK takes 9 s without one for a lost connection.
    const heartbeat = setInterval(() => socket.send('ping={}'), 3_000);
    socket.on('close', () => {
      clearInterval(heartbeat);
      if (session?.socket === socket) this.#lost(session);
    });
    socket.on('error', () => undefined);
  }

  /** The media server's connection stands. */
  connected(pcId: string): void {
    this.#waiting.get(pcId)?.();
    this.#waiting.delete(pcId);
  }

  /** How an SDK answered the connection on which it receives, found by our ICE name in its offer. */
  async observed(ufrag: string, sdp: string): Promise<void> {
    const pcId = this.#byUfrag.get(ufrag);
    if (pcId) await this.media().answer(pcId, sdp);
  }

  find(userId: string, room?: string): Session[] {
    return [...this.rooms.values()]
      .filter(({ name }) => room === undefined || name === room)
      .flatMap(({ sessions }) => sessions.get(userId) ?? []);
  }

  /** `disconnect={…}`: the end of a stay by the server. */
  end(session: Session, code: number, error: string, more: Body = {}): void {
    session.send('disconnect', { code, error, ...more });
    this.#leave(session);
    session.socket?.close(1000);
  }

  async #auth(
    socket: WebSocket,
    { rpcid, token, reconntoken, playerdata, capsdp, privileges }: Body,
  ): Promise<Session | null> {
    const refuse = (code: number, error: string): null => {
      socket.send(`auth-res=${JSON.stringify({ rpcid, code, error })}`);
      return null;
    };
    const refusal = this.refusals.shift();
    if (refusal) return refuse(refusal.code, refusal.error);
    const access = this.accessOf(String(token));
    if (!access) return refuse(10001, 'invalid access token');
    const room = this.rooms.get(access.roomName) ?? new Room(access.roomName);
    const before = room.sessions.get(access.userId);
    let session: Session;
    if (reconntoken) {
      if (before?.token !== reconntoken) return refuse(10004, 'reconnect token error');
      session = before;
      session.socket?.terminate();
    } else {
      if (before) this.end(before, 10022, 'the player joined elsewhere');
      session = new Session(room, access.userId, String(playerdata ?? ''), access.admin);
      this.rooms.set(room.name, room);
      room.sessions.set(access.userId, session);
    }
    session.socket = socket;
    // Of a reconnect too: the SDK says then what it said when it joined.
    session.publishes = (privileges as string[]).includes('publish');
    const { playerid } = session;
    const players = [...room.sessions.values()].map(({ playerid, playerdata }) => ({
      playerid,
      playerdata,
    }));
    if (!reconntoken) {
      const { playerdata } = session;
      room.tell('on-player-in', { playerid, playerdata }, session);
    }
    await this.gates.pass('entry');
    session.send('auth-res', {
      rpcid,
      code: 0,
      error: '',
      reconntoken: session.token,
      players,
      tracks: [...room.tracks.values()],
      'my-pubs': [],
      'my-subs': [],
      rtpcaps: capabilitiesOf(String(capsdp)),
    });
    return session;
  }

  /** Without a goodbye: he is there until the time to come back is over. */
  #lost(session: Session): void {
    const { socket } = session;
    const over = setTimeout(() => {
      if (session.socket === socket) this.#leave(session);
    }, SILENCE);
    over.unref();
  }

  async #hear(session: Session, type: string, body: Body): Promise<void> {
    const { rpcid } = body;
    const { room } = session;
    const answer = (more: Body = {}): void =>
      session.send(`${type}-res`, { rpcid, code: 0, error: '', ...more });
    switch (type) {
      case 'pubpc':
        return this.#publish(
          session,
          String(body['sdp']),
          body['tracks'] as PublishedTrack[],
          answer,
        );
      case 'pub-tracks': {
        if (!session.publishes) return answer({ code: 10051, error: 'no permission' });
        const wanted = body['tracks'] as PublishedTrack[];
        const tracks = tracksOf(session, wanted);
        await this.media().receive(session.pubPc ?? '', String(body['sdp']), byMid(wanted, tracks));
        answer({ tracks: named(wanted, tracks) });
        return room.add(tracks, session);
      }
      case 'unpub-tracks': {
        const ids = idsOf(body);
        room.remove(({ trackid }) => ids.includes(trackid), session);
        await this.media().remove(session.pubPc ?? '', ids);
        return answer({ tracks: body['tracks'] });
      }
      case 'subpc':
      case 'sub-tracks':
        return this.#subscribe(session, type === 'subpc', idsOf(body), answer);
      case 'unsub-tracks':
        await this.media().stop(session.subPc ?? '', idsOf(body));
        return answer({ tracks: body['tracks'] });
      case 'pubpc-restart':
      case 'subpc-restart':
        // The SDK makes a new connection then.
        return answer({ code: 10061, error: 'make a new one' });
      case 'mute-tracks': {
        const tracks = body['tracks'] as { trackid: string; muted: boolean }[];
        for (const { trackid, muted } of tracks) {
          const track = room.tracks.get(trackid);
          if (track?.playerid === session.playerid) track.muted = muted;
        }
        return room.tell('mute-tracks', { tracks }, session);
      }
      case 'send-message':
        return this.#relay(session, body);
      case 'set-privileges':
        session.publishes = (body['privileges'] as string[]).includes('publish');
        return answer();
      case 'control':
        return this.#control(session, String(body['playerid']), answer);
      case 'disconnect':
        return this.#leave(session);
    }
  }

  async #publish(
    session: Session,
    sdp: string,
    wanted: PublishedTrack[],
    answer: (body: Body) => void,
  ): Promise<void> {
    if (!session.publishes) return answer({ code: 10051, error: 'no permission' });
    const { room, playerid } = session;
    room.remove((track) => track.playerid === playerid, session);
    if (session.pubPc) await this.media().close(session.pubPc);
    const pcid = (session.pubPc = randomUUID());
    const tracks = tracksOf(session, wanted);
    this.#waiting.set(pcid, () => {
      session.send('on-pubpc-connected', { pcid });
      if (room.sessions.get(playerid) === session) room.add(tracks, session);
    });
    const transport = await this.media().receive(pcid, sdp, byMid(wanted, tracks));
    answer({ pcid, ...parametersOf(transport, 'client'), tracks: named(wanted, tracks) });
  }

  async #subscribe(
    session: Session,
    fresh: boolean,
    wanted: string[],
    answer: (body: Body) => void,
  ): Promise<void> {
    const { room } = session;
    const there = wanted.filter((id) => room.tracks.has(id));
    if (fresh) {
      if (session.subPc) await this.media().close(session.subPc);
      session.subPc = randomUUID();
    }
    const pcid = session.subPc ?? '';
    this.#waiting.set(pcid, () => session.send('on-subpc-connected', { pcid }));
    const { transport, sections } = await this.media().send(pcid, there);
    this.#byUfrag.set(transport.ufrag, pcid);
    await this.gates.pass('subscription');
    answer({
      pcid,
      ...parametersOf(transport, 'server'),
      tracks: wanted.map((trackid) => {
        const section = sections[there.indexOf(trackid)];
        const track = room.tracks.get(trackid);
        if (!section || !track) return { trackid, status: false };
        const { ssrc, rtxSsrc, cname, msid } = section;
        return {
          trackid,
          status: true,
          mid: track.mid,
          muted: track.muted,
          rtpparams: {
            encodings: [{ ssrc, rtx: { ssrc: rtxSsrc } }],
            msid,
            rtcp: { cname, reducedSize: true, mux: true },
          },
        };
      }),
    });
  }

  #relay(session: Session, { msgid, target, text, type }: Body): void {
    const to = target as string[] | undefined;
    for (const other of session.room.sessions.values()) {
      if (other === session || (to && !to.includes(other.playerid))) continue;
      const message = {
        msgid: String(msgid),
        msgsn: other.messages.length + 1,
        msgts: Date.now(),
        playerid: session.playerid,
        type: String(type),
        text: String(text),
      };
      other.messages.push(message);
      other.send('on-messages', { messages: [message] });
    }
  }

  #control(session: Session, playerid: string, answer: (body: Body) => void): void {
    const command = 'kickplayer';
    if (!session.admin) {
      return answer({ code: 10051, error: 'no permission', command, playerid });
    }
    const target = session.room.sessions.get(playerid);
    if (target) {
      this.end(target, 10006, 'kicked out of the room', { kickedid: session.playerid });
    }
    answer({ command, playerid });
  }

  #leave(session: Session): void {
    const { room, playerid } = session;
    if (room.sessions.get(playerid) !== session) return;
    room.sessions.delete(playerid);
    for (const [id, track] of room.tracks) if (track.playerid === playerid) room.tracks.delete(id);
    room.tell('on-player-out', { playerid });
    if (room.sessions.size === 0) this.rooms.delete(room.name);
    for (const pcId of [session.pubPc, session.subPc]) {
      // The media server may have ended with its test.
      if (pcId)
        void this.media()
          .close(pcId)
          .catch(() => undefined);
    }
  }
}

function tracksOf({ playerid }: Session, wanted: PublishedTrack[]): TrackInfo[] {
  return wanted.map(({ kind, tag = '', master = false }) => ({
    trackid: randomUUID(),
    playerid,
    kind,
    tag,
    master,
    muted: false,
    versionid: 1,
    mid: randomUUID().slice(0, 8),
  }));
}

function idsOf(body: Body): string[] {
  return (body['tracks'] as { trackid: string }[]).map(({ trackid }) => trackid);
}

function named(wanted: PublishedTrack[], tracks: TrackInfo[]): Body[] {
  return wanted.map(({ localid }, at) => ({
    localid,
    trackid: tracks[at]?.trackid,
    versionid: 1,
    status: true,
  }));
}

function byMid(wanted: PublishedTrack[], tracks: TrackInfo[]): Record<string, string> {
  return Object.fromEntries(
    wanted.map(({ localmid }, at) => [localmid, tracks[at]?.trackid ?? '']),
  );
}

function parametersOf({ ufrag, password, fingerprint, candidates }: Transport, role: string): Body {
  return {
    iceParameters: { usernameFragment: ufrag, password, iceLite: false },
    iceCandidates: candidates,
    dtlsParameters: { role, fingerprints: [{ algorithm: 'sha-256', value: fingerprint }] },
  };
}
