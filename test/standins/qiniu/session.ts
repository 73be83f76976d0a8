import type { WebSocket } from 'ws';

/** One published track, as the signalling tells it. */
export interface TrackInfo {
  trackid: string;
  playerid: string;
  kind: string;
  tag: string;
  master: boolean;
  muted: boolean;
  versionid: number;
  /** Of the section in which subscribers receive it: one name for all. */
  mid: string;
}

export interface Message {
  msgid: string;
  msgsn: number;
  msgts: number;
  playerid: string;
  type: string;
  text: string;
}

/** One user's stay in a room; survives its socket for a while. */
export class Session {
  readonly token = Math.floor(Math.random() * 2 ** 31) + 1;
  readonly messages: Message[] = [];
  socket: WebSocket | null = null;
  publishes = true;
  /** The connection on which it sends, and those on which it receives. */
  pubPc: string | undefined;
  subPc: string | undefined;

  constructor(
    readonly room: Room,
    readonly playerid: string,
    readonly playerdata: string,
    readonly admin: boolean,
  ) {}

  send(type: string, body: object): void {
    if (this.socket?.readyState === 1) this.socket.send(`${type}=${JSON.stringify(body)}`);
  }
}

export class Room {
  readonly sessions = new Map<string, Session>();
  readonly tracks = new Map<string, TrackInfo>();

  constructor(readonly name: string) {}

  tell(type: string, body: object, but?: Session): void {
    for (const session of this.sessions.values()) if (session !== but) session.send(type, body);
  }

  /** Announces tracks that arrive from here on. */
  add(tracks: readonly TrackInfo[], session: Session): void {
    for (const track of tracks) this.tracks.set(track.trackid, track);
    this.tell('on-add-tracks', { tracks }, session);
  }

  remove(which: (track: TrackInfo) => boolean, session: Session): void {
    const tracks = [...this.tracks.values()].filter(which);
    if (!tracks.length) return;
    for (const { trackid } of tracks) this.tracks.delete(trackid);
    this.tell('on-remove-tracks', { tracks }, session);
  }
}
