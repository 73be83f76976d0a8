import type { Publication, StreamType } from '../drivers/driver.js';
import { errorsOf, nothingAsked, request, type Failure } from './capture-request.js';
import { Capture, Slot } from './capture-slot.js';
import { OwnStream, publicationOf } from './capture-stream.js';
import { askForScreen, camera, mediaDevices, microphone } from './devices.js';
import type { RtcError } from './errors.js';
import { STREAM_TYPES } from './plan.js';
import type { RoomSession } from './room-session.js';
import type { CaptureHost, CaptureState, CaptureWish, LocalStream, Publisher } from './types.js';
import { Waiters } from './waiters.js';

/** A room as a capture sees it. */
export type PublishingRoom = Pick<RoomSession, 'addPublisher' | 'publisherChanged' | 'userId'>;

/** What one local-stream element captures, on its way to what the page wants. */
export class LocalCapture implements Publisher {
  main: LocalStream | null = null;
  auxiliary: LocalStream | null = null;

  readonly #mic = new Slot('main', 'audio', 'microphone', 'audio');
  readonly #cam = new Slot('main', 'video', 'camera', 'video');
  readonly #screen = new Slot('auxiliary', 'video', 'screen', 'screen');
  readonly #sound = new Slot('auxiliary', 'audio', 'screen', 'screen');
  readonly #slots = [this.#mic, this.#cam, this.#screen, this.#sound];
  readonly #streams = new Map<StreamType, OwnStream>();
  readonly #confirmed = new Map<StreamType, { stream: LocalStream; publication: Publication }>();
  readonly #waiters = new Waiters<'captured' | 'published' | 'unpublished'>();

  #wish: CaptureWish | null = null;
  #room: PublishingRoom | null = null;
  #remove: (() => void) | null = null;
  #active = false;
  #due = false;
  #state: CaptureState = 'idle';
  #refused: RtcError | null = null;
  #unpublishable: RtcError | null = null;
  /** Counts the processors: another one needs another capture. */
  #processors = 0;
  #told = '';
  #sent = '[]';
  #last: LocalStream | null = null;
  #followed = new AbortController();
  #watched: MediaDevices | null = null;

  constructor(private readonly host: CaptureHost) {}

  get state(): CaptureState {
    return this.#state;
  }

  get error(): RtcError | null {
    const failed = this.#slots.find((slot) => slot.failed)?.failed;
    return this.#refused ?? this.#unpublishable ?? failed?.error ?? null;
  }

  /** Everything that is captured is published. */
  get published(): boolean {
    const wanted = this.publications();
    return (
      wanted.length > 0 &&
      wanted.every(({ type, hasAudio, hasVideo }) => {
        const { publication } = this.#confirmed.get(type) ?? {};
        return publication?.hasAudio === hasAudio && publication.hasVideo === hasVideo;
      })
    );
  }

  /** Whether the picture of `main` is that of a front camera. */
  get mirrored(): boolean {
    const { held } = this.#cam;
    const facing = held?.source?.getSettings().facingMode;
    return facing || held?.foreign ? facing === 'user' : this.#wish?.facingMode !== 'environment';
  }

  /** What the page wants now; carried out once per microtask. */
  update(wish: CaptureWish): void {
    const before = this.#wish;
    this.#wish = wish;
    if (before?.trackProcessor !== wish.trackProcessor) this.#processors++;
    if (before?.mediaStream !== wish.mediaStream) this.#follow(wish.mediaStream);
    this.#waiters.reject(wish.noPublish ? 'published' : 'unpublished');
    this.#register();
    this.#poke();
  }

  /** Its room; null: none. */
  attach(room: PublishingRoom | null): void {
    if (room === this.#room) return;
    this.#remove?.();
    this.#remove = null;
    this.#room = room;
    this.#register();
    this.#poke();
  }

  /** The element is gone: everything stops, a late answer to an open prompt too. */
  end(): void {
    this.#wish = this.#refused = this.#unpublishable = null;
    this.#follow(null);
    this.#waiters.reject('published');
    this.#reconcile();
    this.#remove?.();
    this.#remove = null;
  }

  /** Settles when all that is asked for now was answered: live, or the first failure. */
  whenCaptured(): Promise<void> {
    this.#reconcile();
    if (this.#state === 'failed' && this.error) return Promise.reject(this.error);
    if (!this.#asksAnything) return Promise.reject(nothingAsked());
    return this.#answered ? Promise.resolve() : this.#waiters.wait('captured');
  }

  whenPublished(): Promise<void> {
    this.#reconcile();
    if (this.published) return Promise.resolve();
    if (this.#state === 'failed' && this.error) return Promise.reject(this.error);
    return this.#asksAnything ? this.#waiters.wait('published') : Promise.reject(nothingAsked());
  }

  whenUnpublished(): Promise<void> {
    this.#reconcile();
    return this.#confirmed.size ? this.#waiters.wait('unpublished') : Promise.resolve();
  }

  // What the room asks and tells.

  publications(): readonly Publication[] {
    const wish = this.#wish;
    if (!wish || wish.noPublish) return [];
    return STREAM_TYPES.flatMap((type) => {
      const stream = this.#streams.get(type);
      return (stream && publicationOf(stream, ...this.#pair(type), wish)) ?? [];
    });
  }

  roomActive(active: boolean): void {
    this.#active = active;
    this.#poke();
  }

  confirm(type: StreamType, publication: Publication | null): void {
    const before = this.#confirmed.get(type);
    const stream = this.#streams.get(type) ?? before?.stream;
    this.#unpublishable = null;
    if (publication && stream) {
      this.#confirmed.set(type, { stream, publication });
      if (!before) this.host.emit('rtc-stream-published', { stream });
    } else if (before) {
      this.#confirmed.delete(type);
      this.host.emit('rtc-stream-unpublished', { stream: before.stream });
    }
    this.#refresh();
  }

  publishFailed(type: StreamType, error: RtcError): void {
    this.#unpublishable = error;
    const reverted = error.fatal
      ? this.#takeBack(type === 'main' ? ['audio', 'video'] : ['screen'])
      : [];
    this.#waiters.reject('published', error);
    this.host.emit('rtc-error', { error, reverted });
    this.host.changed();
  }

  #register(): void {
    if (this.#wish && this.#room) this.#remove ??= this.#room.addPublisher(this);
  }

  #poke(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      if (this.#due) this.#reconcile();
    });
  }

  /** A page's stream gains and loses tracks. */
  #follow(stream: MediaStream | null | undefined): void {
    this.#followed.abort();
    this.#followed = new AbortController();
    for (const type of ['addtrack', 'removetrack']) {
      stream?.addEventListener(type, () => this.#poke(), { signal: this.#followed.signal });
    }
  }

  get #asksAnything(): boolean {
    const { audio, video, screen, mediaStream } = this.#wish ?? {};
    return !!(audio || video || screen || mediaStream);
  }

  /** Nothing is on its way, and something is live. */
  get #answered(): boolean {
    return this.#state === 'live' && !this.#slots.some((slot) => slot.next);
  }

  /** The page's own track for a slot. Without `audio` and `video`, its stream is taken whole. */
  #given({ kind }: Slot): MediaStreamTrack | undefined {
    const { mediaStream, audio, video } = this.#wish ?? {};
    if ((audio || video) && !(kind === 'audio' ? audio : video)) return undefined;
    return mediaStream
      ?.getTracks()
      .find((track) => track.kind === kind && track.readyState === 'live');
  }

  /** Whether the page wants it now, muted or not. */
  #asks(slot: Slot): boolean {
    const wish = this.#wish;
    if (!wish || !(wish.preview || this.#active)) return false;
    if (wish.mediaStream && slot.type === 'main') return !!this.#given(slot);
    return wish[slot.attribute] && (slot !== this.#sound || wish.screenAudio);
  }

  /** What a slot is to hold; null: nothing. */
  #key(slot: Slot, wish: CaptureWish): string | null {
    if (!this.#asks(slot) || (slot === this.#cam && wish.videoMuted)) return null;
    // Asking for the screen again would need another gesture.
    if (slot.device === 'screen') return slot.device;
    const id = wish.mediaStream ? this.#given(slot)?.id : this.#deviceId(slot);
    const { audioProfile, facingMode, profile } = wish;
    const how = slot === this.#mic ? [audioProfile] : [facingMode, profile];
    return JSON.stringify([
      this.#processors,
      id,
      !!wish.mediaStream,
      ...(wish.mediaStream ? [] : how),
    ]);
  }

  #deviceId(slot: Slot): string | undefined {
    const id = slot === this.#mic ? this.#wish?.microphoneId : this.#wish?.cameraId;
    return id === slot.unplugged ? undefined : id;
  }

  #reconcile(): void {
    this.#due = false;
    const wish = this.#wish;
    const due = this.#slots.filter((slot) => slot.want(wish && this.#key(slot, wish)));
    const devices = due.filter((slot) => slot.type === 'main');
    if (wish?.mediaStream) for (const slot of devices) void this.#start([slot], wish);
    else if (wish && devices.length) void this.#start(devices, wish);
    // Sound is only to be had together with the screen.
    if (wish && due.includes(this.#screen)) {
      void this.#start(
        due.filter((slot) => slot.type === 'auxiliary'),
        wish,
      );
    }
    this.#refresh();
  }

  async #start(slots: Slot[], wish: CaptureWish): Promise<void> {
    this.#refused = null;
    const page = slots[0]?.type === 'main' ? wish.mediaStream : null;
    const tries = slots.map((slot) => ({
      slot,
      capture: (slot.next = new Capture(slot.wanted ?? '', !!page)),
    }));
    const failures = await request(tries, {
      processor: wish.trackProcessor,
      get: (wanted) => page ?? this.#ask(wanted, wish),
      ended: (capture, slot) => this.#ended(capture, slot),
      kept: (capture, slot) => this.#kept(capture, slot),
    });
    if (failures.length) this.#fail(failures);
    this.#refresh();
  }

  async #ask(slots: Slot[], wish: CaptureWish): Promise<MediaStream> {
    if (slots.includes(this.#screen)) return askForScreen(slots.includes(this.#sound));
    return mediaDevices().getUserMedia({
      audio:
        slots.includes(this.#mic) &&
        microphone({ ...wish, microphoneId: this.#deviceId(this.#mic) }),
      video: slots.includes(this.#cam) && camera({ ...wish, cameraId: this.#deviceId(this.#cam) }),
    });
  }

  #kept(capture: Capture, slot: Slot): void {
    const before = slot.held;
    const reason = slot.lost ? 'unplugged' : 'switched';
    const changed = slot.lost || (before && before.deviceId !== capture.deviceId);
    slot.keep(capture);
    this.#told = '';
    // Sound and picture of one question come one by one, and are told and published together.
    queueMicrotask(() => {
      if (slot.held !== capture) return;
      this.#refresh();
      if (!changed || capture.foreign || !this.main) return;
      this.host.emit('rtc-device-changed', {
        stream: this.main,
        kind: slot.kind,
        deviceId: capture.deviceId ?? '',
        label: capture.source?.label ?? '',
        reason,
      });
    });
  }

  /** A track has ended without us. */
  #ended(capture: Capture, slot: Slot): void {
    if (slot.held !== capture) {
      slot.cancel();
    } else {
      capture.release();
      slot.held = null;
      if (slot === this.#screen) {
        const stream = this.auxiliary;
        this.#takeBack(['screen']);
        if (stream) this.host.emit('rtc-screen-sharing-stopped', { stream });
      } else if (!capture.foreign && slot.type === 'main') {
        slot.lost = true;
        slot.unplugged = this.#deviceId(slot);
      }
    }
    this.#reconcile();
  }

  #fail(all: Failure[]): void {
    const failures = all.filter(({ capture }) => !capture.released);
    const [failure] = failures;
    if (!failure) return;
    const errors = errorsOf(failures);
    // What goes on without them, or comes back by itself when a device does, is not given up.
    const { type } = failure.slot;
    const rest = this.#pair(type);
    const goesOn =
      type === 'main' &&
      (rest.some((slot) => slot.held ?? slot.next) ||
        failures.every(({ slot }) => slot.lost && comesBack(slot)));
    const reverted = goesOn
      ? []
      : this.#takeBack(rest.flatMap((slot) => (slot.failed ? slot.attribute : [])));
    const [first] = errors;
    // Who has closed the screen chooser knows.
    if (!goesOn && first && !(type === 'auxiliary' && first.code === 'device-denied')) {
      this.#refused = first;
    }
    for (const error of errors) {
      error.fatal = !goesOn;
      // A device that stays busy is not told again with every other one that comes or goes.
      if (goesOn && error.message === this.#told) continue;
      this.#told = error.message;
      this.host.emit('rtc-error', { error, reverted });
    }
    if (first && !this.#slots.some((slot) => slot.held ?? slot.next)) {
      this.#waiters.reject('captured', first);
      this.#waiters.reject('published', first);
    }
  }

  /** @returns those of the wishes that stood */
  #takeBack(names: ('audio' | 'video' | 'screen')[]): ('audio' | 'video' | 'screen')[] {
    const wish = this.#wish;
    const standing = [...new Set(names)].filter((name) => wish?.[name]);
    if (wish)
      this.#wish = { ...wish, ...Object.fromEntries(standing.map((name) => [name, false])) };
    this.host.revert(standing);
    this.#poke();
    return standing;
  }

  /** Brings everything that follows from the slots up to date, and tells. */
  #refresh(): void {
    this.#mic.held?.enable(!this.#wish?.audioMuted);
    for (const type of STREAM_TYPES) this[type] = this.#sync(type);
    this.#last = this.main ?? this.auxiliary ?? this.#last;
    this.#watch();

    const previousState = this.#state;
    this.#state = this.#current();
    if (this.#state !== previousState && this.#last) {
      this.host.emit('rtc-capture-state-changed', {
        stream: this.#last,
        state: this.#state,
        previousState,
      });
    }
    const sent = JSON.stringify(
      this.publications().map((one) => ({ ...one, audio: one.audio?.id, video: one.video?.id })),
    );
    if (sent !== this.#sent) {
      this.#sent = sent;
      this.#room?.publisherChanged();
    }
    if (this.#answered) this.#waiters.resolve('captured');
    else if (this.#state === 'idle') this.#waiters.reject('captured');
    if (this.published) this.#waiters.resolve('published');
    if (!this.#confirmed.size) this.#waiters.resolve('unpublished');
    this.host.changed();
  }

  #pair(type: StreamType): [sound: Slot, picture: Slot] {
    return type === 'main' ? [this.#mic, this.#cam] : [this.#sound, this.#screen];
  }

  /** The local stream of a type, up to date; null when nothing of it is there or asked for. */
  #sync(type: StreamType): LocalStream | null {
    const pair = this.#pair(type);
    const asked = pair.some((slot) => this.#asks(slot));
    let stream = this.#streams.get(type);
    if (!stream && asked) {
      stream = new OwnStream(type, () => this.#room);
      this.#streams.set(type, stream);
    }
    stream?.take(...pair, type === 'main' && !!this.#wish?.videoMuted && this.#asks(this.#cam));
    if (stream && (asked || pair.some(({ held }) => held))) return stream;
    this.#streams.delete(type);
    return null;
  }

  #current(): CaptureState {
    const { mediaStream, preview } = this.#wish ?? {};
    if (this.#slots.some((slot) => slot.held)) return 'live';
    if (this.#slots.some((slot) => slot.next)) return 'starting';
    if (this.#streams.get('main')?.hasVideo) return 'live';
    if (this.#slots.some((slot) => slot.lost)) return 'ended';
    if (this.#refused ?? this.#slots.some((slot) => slot.failed)) return 'failed';
    const over = mediaStream?.getTracks().length && (preview || this.#active);
    return over && !mediaStream.active ? 'ended' : 'idle';
  }

  /** While a device is missing or busy, another one that comes or goes may help. */
  #watch(): void {
    const wanted = this.#slots.some(comesBack) ? navigator.mediaDevices : null;
    if (wanted === this.#watched) return;
    this.#watched?.removeEventListener('devicechange', this.#onDevices);
    wanted?.addEventListener('devicechange', this.#onDevices);
    this.#watched = wanted;
  }

  readonly #onDevices = (): void => {
    for (const slot of this.#slots) if (comesBack(slot)) slot.failed = null;
    this.#reconcile();
  };
}

function comesBack({ failed }: Slot): boolean {
  return !!failed && ['device-missing', 'device-busy'].includes(failed.error.code);
}
