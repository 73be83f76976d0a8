import type { Publication, StreamType, TrackKind } from '../drivers/driver.js';
import {
  errorsOf,
  liveTrack,
  nothingAsked,
  request,
  type Failure,
  type RequestHost,
} from './capture-request.js';
import { Capture, Slot, type Attribute } from './capture-slot.js';
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
export class LocalCapture implements Publisher, RequestHost {
  main: OwnStream | null = null;
  auxiliary: OwnStream | null = null;
  state: CaptureState = 'idle';

  readonly #mic = new Slot('main', 'audio', 'microphone', 'audio');
  readonly #cam = new Slot('main', 'video', 'camera', 'video');
  readonly #screen = new Slot('auxiliary', 'video', 'screen', 'screen');
  readonly #sound = new Slot('auxiliary', 'audio', 'screen', 'screen');
  readonly #slots = [this.#mic, this.#cam, this.#screen, this.#sound];
  readonly #confirmed = new Map<StreamType, { stream: LocalStream; publication: Publication }>();
  readonly #waiters = new Waiters<'captured' | 'published' | 'unpublished'>();

  #wish: CaptureWish | null = null;
  #room: PublishingRoom | null = null;
  #remove: (() => void) | null = null;
  #active = false;
  #due = false;
  #refused: RtcError | null = null;
  #unpublishable: RtcError | null = null;
  /** Counts the processors: another one needs another capture. */
  #processors = 0;
  #told = '';
  #last: LocalStream | null = null;
  #heard = new AbortController();

  constructor(private readonly host: CaptureHost) {}

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
    if (!before || before.mediaStream !== wish.mediaStream) this.#hear(wish.mediaStream);
    if (wish.noPublish) this.#waiters.reject('published');
    else if (this.#asksAnything) this.#waiters.reject('unpublished');
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
    this.#heard.abort();
    this.#waiters.reject('published');
    this.#reconcile();
    this.#remove?.();
    this.#remove = null;
  }

  /**
   * Settles when all that is asked for now was answered: live, or the first failure.
   * @param kind Only of its failures is to be heard.
   */
  async whenCaptured(kind?: TrackKind): Promise<void> {
    this.#reconcile();
    const error = this.state === 'failed' ? this.error : this.#unchanged(kind);
    if (error) throw error;
    if (!this.#asksAnything) throw nothingAsked();
    if (!this.#answered) await this.#waiters.wait('captured');
  }

  async whenPublished(): Promise<void> {
    this.#reconcile();
    if (this.published) return;
    if (this.state === 'failed' && this.error) throw this.error;
    if (!this.#asksAnything) throw nothingAsked();
    await this.#waiters.wait('published');
  }

  async whenUnpublished(): Promise<void> {
    this.#reconcile();
    if (this.#confirmed.size) await this.#waiters.wait('unpublished');
  }

  // What the room asks and tells.

  publications(): readonly Publication[] {
    const wish = this.#wish;
    if (!wish || wish.noPublish) return [];
    return STREAM_TYPES.flatMap((type) => {
      const stream = this[type];
      return (stream && publicationOf(stream, ...this.#pair(type), wish)) ?? [];
    });
  }

  roomActive(active: boolean): void {
    this.#active = active;
    this.#poke();
  }

  confirm(type: StreamType, publication: Publication | null): void {
    const before = this.#confirmed.get(type);
    const stream = this[type] ?? before?.stream;
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

  /** A page's stream gains and loses tracks; devices come and go. */
  #hear(stream: MediaStream | null | undefined): void {
    this.#heard.abort();
    const { signal } = (this.#heard = new AbortController());
    for (const type of ['addtrack', 'removetrack']) {
      stream?.addEventListener(type, () => this.#poke(), { signal });
    }
    // Absent in an insecure context, whatever the types say.
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    devices?.addEventListener('devicechange', () => this.#devicesChanged(), { signal });
  }

  get #asksAnything(): boolean {
    const { audio, video, screen, mediaStream } = this.#wish ?? {};
    return !!(audio || video || screen || mediaStream);
  }

  /** Why what was there before is captured still. */
  #unchanged(of?: TrackKind): RtcError | undefined {
    const slot = this.#slots.find(
      ({ kind, held, failed }) => held && failed && kind === (of ?? kind),
    );
    return slot?.failed?.error;
  }

  /** Nothing is on its way, and something is live. */
  get #answered(): boolean {
    return this.state === 'live' && !this.#slots.some((slot) => slot.next);
  }

  /** The page's own track for a slot. Without `audio` and `video`, its stream is taken whole. */
  #given({ kind }: Slot): MediaStreamTrack | undefined {
    const { mediaStream, audio, video } = this.#wish ?? {};
    if ((audio || video) && !(kind === 'audio' ? audio : video)) return undefined;
    return mediaStream ? liveTrack(mediaStream, kind) : undefined;
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
    for (const type of STREAM_TYPES) {
      const due = this.#pair(type).filter((slot) => slot.want(wish && this.#key(slot, wish)));
      // Sound is only to be had together with the screen.
      if (wish && due.some((slot) => slot !== this.#sound)) void this.#start(due, wish);
    }
    this.#refresh();
  }

  async #start(slots: Slot[], wish: CaptureWish): Promise<void> {
    this.#refused = null;
    const captures = slots.map((slot) => {
      const foreign = slot.type === 'main' && !!wish.mediaStream;
      return (slot.next = new Capture(slot, foreign));
    });
    this.#fail(await request(captures, wish, this));
    this.#refresh();
  }

  // What a request asks and tells.

  async ask(slots: Slot[], wish: CaptureWish): Promise<MediaStream> {
    if (slots.includes(this.#screen)) return askForScreen(slots.includes(this.#sound));
    if (wish.mediaStream) return wish.mediaStream;
    return mediaDevices().getUserMedia({
      audio: slots.includes(this.#mic) && microphone(wish, this.#deviceId(this.#mic)),
      video: slots.includes(this.#cam) && camera(wish, this.#deviceId(this.#cam)),
    });
  }

  kept(capture: Capture): void {
    const { slot } = capture;
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
  ended(capture: Capture): void {
    const { slot } = capture;
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
    const { type } = failure.capture.slot;
    const rest = this.#pair(type);
    const goesOn =
      type === 'main' &&
      (rest.some((slot) => slot.held ?? slot.next) ||
        failures.every(({ capture: { slot } }) => slot.lost && comesBack(slot)));
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
    const some = this.#slots.some((slot) => slot.held ?? slot.next);
    if (!some) this.#waiters.reject(['captured', 'published'], first);
    else if (this.#unchanged()) this.#waiters.reject('captured', first);
  }

  /** @returns those of the wishes that stood */
  #takeBack(names: Attribute[]): Attribute[] {
    const standing = names.filter((name) => {
      const stands = this.#wish?.[name];
      if (this.#wish) this.#wish = { ...this.#wish, [name]: false };
      return stands;
    });
    this.host.revert(standing);
    this.#poke();
    return standing;
  }

  /** Brings everything that follows from the slots up to date, and tells. */
  #refresh(): void {
    this.#mic.held?.enable(!this.#wish?.audioMuted);
    for (const type of STREAM_TYPES) this[type] = this.#sync(type);
    this.#last = this.main ?? this.auxiliary ?? this.#last;

    const previousState = this.state;
    this.state = this.#current();
    if (this.state !== previousState && this.#last) {
      this.host.emit('rtc-capture-state-changed', {
        stream: this.#last,
        state: this.state,
        previousState,
      });
    }
    this.#room?.publisherChanged();
    if (this.#answered) this.#waiters.resolve('captured');
    else if (this.state === 'idle') this.#waiters.reject('captured');
    if (this.published) this.#waiters.resolve('published');
    if (!this.#confirmed.size) this.#waiters.resolve('unpublished');
    this.host.changed();
  }

  #pair(type: StreamType): [sound: Slot, picture: Slot] {
    return type === 'main' ? [this.#mic, this.#cam] : [this.#sound, this.#screen];
  }

  /** The local stream of a type, up to date; null when nothing of it is there or asked for. */
  #sync(type: StreamType): OwnStream | null {
    const pair = this.#pair(type);
    const asked = pair.some((slot) => this.#asks(slot));
    const stream = this[type] ?? (asked ? new OwnStream(type, () => this.#room) : null);
    stream?.take(...pair, type === 'main' && !!this.#wish?.videoMuted && this.#asks(this.#cam));
    return asked || pair.some(({ held }) => held) ? stream : null;
  }

  #current(): CaptureState {
    const { mediaStream, preview } = this.#wish ?? {};
    if (this.#slots.some((slot) => slot.held)) return 'live';
    if (this.#slots.some((slot) => slot.next)) return 'starting';
    if (this.main?.hasVideo) return 'live';
    if (this.#slots.some((slot) => slot.lost)) return 'ended';
    if (this.#refused ?? this.#slots.some((slot) => slot.failed)) return 'failed';
    const over = mediaStream?.getTracks().length && (preview || this.#active);
    return over && !mediaStream.active ? 'ended' : 'idle';
  }

  /** While a device is missing or busy, another one that comes or goes may help. */
  #devicesChanged(): void {
    for (const slot of this.#slots) if (comesBack(slot)) slot.failed = null;
    this.#reconcile();
  }
}

function comesBack({ failed }: Slot): boolean {
  return !!failed && /^device-(missing|busy)$/.test(failed.error.code);
}
