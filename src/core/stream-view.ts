import type { Subscription } from '../drivers/driver.js';
import { wants, widen } from './plan.js';
import type { RemoteStream } from './remote-stream.js';
import type { RoomSession } from './room-session.js';
import type { Sink, ViewHost, ViewWish } from './types.js';

/**
 * Which stream is shown where, and therefore what is received: the sinks (remote-stream elements)
 * and the layout of a room, or of one link.
 */
export class StreamView {
  #wish: ViewWish = { subscribe: 'all', users: [], layout: true };
  #sinks = new Set<Sink>();
  #assigned = new Map<Sink, RemoteStream | null>();
  #withheld = new WeakSet<RemoteStream>();
  #blocked = new Map<Sink, RemoteStream>();
  #wanted = new Map<RemoteStream, Subscription>();
  layoutStreams: readonly RemoteStream[] = [];

  constructor(
    public session: RoomSession | null,
    readonly host: ViewHost,
  ) {}

  configure(wish: ViewWish): void {
    this.#wish = wish;
    this.session?.viewChanged();
  }

  addSink(sink: Sink): () => void {
    this.#sinks.add(sink);
    this.sinkChanged();
    return () => {
      this.#sinks.delete(sink);
      this.#assigned.delete(sink);
      this.playbackResumed(sink);
      this.sinkChanged();
    };
  }

  sinkChanged(_sink?: Sink): void {
    if (this.session) this.session.viewChanged();
    else this.match(new Set());
  }

  playbackBlocked(sink: Sink, stream: RemoteStream): void {
    this.#blocked.set(sink, stream);
    this.session?.blockedChanged();
  }

  playbackResumed(sink: Sink): void {
    if (this.#blocked.delete(sink)) this.session?.blockedChanged();
  }

  get blockedStreams(): RemoteStream[] {
    return [...this.#blocked.values()];
  }

  /** Plays everything that the browser held back, all over the room; call it in a gesture. */
  async startPlayback(): Promise<void> {
    await this.session?.startPlayback();
  }

  async resumeSinks(): Promise<void> {
    await Promise.all([...this.#blocked.keys()].map((sink) => sink.unblock()));
  }

  /** Fires `rtc-stream-added`; a cancelled one stays out of the layout and of unnamed sinks. */
  announce(stream: RemoteStream): void {
    if (!this.host.emit('rtc-stream-added', { roomId: stream.roomId, stream })) {
      this.#withheld.add(stream);
    }
  }

  /** Whether this view is for the stream at all. */
  #allows({ userId }: RemoteStream): boolean {
    const { users } = this.#wish;
    return !users.length || users.includes(userId);
  }

  /** What is to be received for this view, of streams not known yet. */
  get defaults(): { mode: ViewWish['subscribe']; only?: readonly string[] } {
    const { subscribe, users, layout } = this.#wish;
    const sinks = [...this.#sinks].filter((sink) => !sink.tile);
    if (layout || sinks.some((sink) => !sink.userId)) {
      return { mode: subscribe, only: users.length ? users : undefined };
    }
    const named = sinks.flatMap(({ userId, subscribe: own, visible }) =>
      userId && visible && (own ?? subscribe) === 'all' ? userId : [],
    );
    return { mode: named.length ? 'all' : 'none', only: named };
  }

  /** Whether a stream that this view is for is there. */
  get filled(): boolean {
    return !!this.session?.streams.some((stream) => this.#allows(stream));
  }

  /**
   * Decides anew who shows what and tells the sinks.
   * @param sounding Streams that another sink sounds already; those given here are added.
   * @returns what is to be received
   */
  match(sounding: Set<RemoteStream>): ReadonlyMap<RemoteStream, Subscription> {
    const streams = this.session?.shown ?? [];
    const all = [...this.#sinks].sort(inTreeOrder);
    const sinks = all.filter((sink) => !sink.tile);
    const chosen = new Map<Sink, RemoteStream>();
    const claimed = new Set<RemoteStream>();
    const take = (sink: Sink, stream: RemoteStream | null | undefined): void => {
      if (!stream || stream.ended) return;
      chosen.set(sink, stream);
      claimed.add(stream);
    };

    for (const sink of sinks) {
      if (sink.stream) take(sink, sink.stream);
      else if (sink.userId) {
        take(
          sink,
          streams.find((s) => s.userId === sink.userId && s.type === sink.streamType),
        );
      }
    }
    const open = sinks.filter((sink) => !sink.stream && !sink.userId);
    const free = (
      stream: RemoteStream,
      { streamType = stream.type }: Partial<Sink> = {},
    ): boolean =>
      !claimed.has(stream) &&
      stream.type === streamType &&
      this.#allows(stream) &&
      !this.#withheld.has(stream);
    for (const sink of open) {
      const kept = this.#assigned.get(sink);
      if (kept && free(kept, sink)) take(sink, kept);
    }
    for (const sink of open) {
      if (!chosen.has(sink))
        take(
          sink,
          streams.find((stream) => free(stream, sink)),
        );
    }
    const layout = this.#wish.layout ? streams.filter((stream) => free(stream)) : [];
    for (const sink of all) if (sink.tile && sink.stream) chosen.set(sink, sink.stream);

    this.#wanted = this.#sum(chosen, layout);
    this.#tell(all, chosen, layout, sounding);
    return this.#wanted;
  }

  #sum(chosen: Map<Sink, RemoteStream>, layout: RemoteStream[]): Map<RemoteStream, Subscription> {
    const { subscribe } = this.#wish;
    const wanted = new Map<RemoteStream, Subscription>();
    const add = (stream: RemoteStream, mode: typeof subscribe, sink?: Sink): void => {
      const sum = wanted.get(stream) ?? { audio: false, video: false };
      const seen = sink?.visible ?? true;
      widen(sum, {
        ...(seen && sink),
        audio: wants(mode, 'audio'),
        video: wants(mode, 'video') && seen,
      });
      wanted.set(stream, sum);
    };
    for (const stream of layout) add(stream, subscribe);
    for (const [sink, stream] of chosen) {
      if (!sink.tile || layout.includes(stream)) add(stream, sink.subscribe ?? subscribe, sink);
    }
    return wanted;
  }

  #tell(
    all: Sink[],
    chosen: Map<Sink, RemoteStream>,
    layout: RemoteStream[],
    sounding: Set<RemoteStream>,
  ): void {
    if (
      layout.length !== this.layoutStreams.length ||
      layout.some((s, i) => s !== this.layoutStreams[i])
    ) {
      this.layoutStreams = layout;
      this.host.changed();
    }
    for (const sink of all) {
      const stream = chosen.get(sink) ?? null;
      const sounds = !!stream && !sounding.has(stream);
      if (stream) sounding.add(stream);
      this.#assigned.set(sink, stream);
      sink.assigned(stream, sounds);
    }
  }
}

function inTreeOrder(a: Sink, b: Sink): number {
  return a.node.compareDocumentPosition(b.node) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
}
