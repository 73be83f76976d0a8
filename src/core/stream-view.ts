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
  layoutStreams: readonly RemoteStream[] = [];

  constructor(
    public session: RoomSession | null,
    readonly host: ViewHost,
  ) {}

  configure(wish: ViewWish): void {
    this.#wish = wish;
    this.session?.views.changed();
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
    if (this.session) this.session.views.changed();
    else this.match(new Set(), new Map());
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

  /** What a sink is to receive while it is seen. */
  modeOf(sink: Sink): ViewWish['subscribe'] {
    return sink.subscribe ?? this.#wish.subscribe;
  }

  /** Whether a stream that this view is for is there. */
  get filled(): boolean {
    return !!this.session?.streams.some((stream) => this.#allows(stream));
  }

  /**
   * Decides anew who shows what and tells the sinks.
   * @param sounding Streams that another sink sounds already; those given here are added.
   * @param wanted What is to be received for other views; what this one wants is added.
   */
  match(sounding: Set<RemoteStream>, wanted: Map<RemoteStream, Subscription>): void {
    const streams = this.session?.shown ?? [];
    const all = [...this.#sinks].sort(inTreeOrder);
    const chosen = new Map<Sink, RemoteStream>();
    const claimed = new Set<RemoteStream>();
    /** Each that has nothing yet takes what is found for it. */
    const pass = (find: (sink: Sink) => RemoteStream | null | false | undefined): void => {
      for (const sink of all) {
        const stream = !sink.tile && !chosen.has(sink) && find(sink);
        if (!stream || stream.ended) continue;
        chosen.set(sink, stream);
        claimed.add(stream);
      }
    };
    const free = (stream: RemoteStream): boolean =>
      !claimed.has(stream) && this.#allows(stream) && !this.#withheld.has(stream);
    const open = (sink: Sink) => (stream: RemoteStream) =>
      !sink.stream && !sink.userId && stream.type === sink.streamType && free(stream);

    pass(
      ({ stream, userId, streamType }) =>
        stream ?? streams.find((one) => one.userId === userId && one.type === streamType),
    );
    pass((sink) => {
      const kept = this.#assigned.get(sink);
      return kept && open(sink)(kept) && kept;
    });
    pass((sink) => streams.find(open(sink)));
    const layout = this.#wish.layout ? streams.filter(free) : [];
    for (const sink of all) if (sink.tile && sink.stream) chosen.set(sink, sink.stream);

    this.layoutStreams = layout;
    this.#tell(all, chosen, sounding);
    this.#sum(chosen, layout, wanted);
  }

  #sum(
    chosen: Map<Sink, RemoteStream>,
    layout: RemoteStream[],
    wanted: Map<RemoteStream, Subscription>,
  ): void {
    const { subscribe } = this.#wish;
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
      if (!sink.tile || layout.includes(stream)) add(stream, this.modeOf(sink), sink);
    }
  }

  #tell(all: Sink[], chosen: Map<Sink, RemoteStream>, sounding: Set<RemoteStream>): void {
    for (const sink of all) {
      const stream = chosen.get(sink) ?? null;
      const sounds = !!stream && !sounding.has(stream);
      if (stream) sounding.add(stream);
      this.#assigned.set(sink, stream);
      sink.assigned(stream, sounds);
    }
  }
}

/** `Node.DOCUMENT_POSITION_FOLLOWING` */
const FOLLOWING = 4;

function inTreeOrder(a: Sink, b: Sink): number {
  return a.node.compareDocumentPosition(b.node) & FOLLOWING ? -1 : 1;
}
