import { RtcError } from '../../core/errors.js';
import { log } from '../../core/logger.js';
import type { ClientMessage, Connect, Signal } from '../../protocol/messages.js';
import { Health } from './health.js';
import { LAYOUT, type Outgoing, type Sending } from './outgoing.js';
import type { Slot } from './roster.js';

export interface PeerHost {
  send(message: ClientMessage): void;
  /**
   * The configuration with ICE servers that are still valid.
   * @param age How old they may be, in milliseconds; default: as many as one search takes.
   */
  fresh(age?: number): Promise<RTCConfiguration>;
  readonly outgoing: Outgoing;
  /** There are tracks to receive, or the route has changed. */
  changed(peer: Peer): void;
}

/** A connection that waits for a peer: its offer is made and not set, so nothing is gathered yet. */
export interface Parked {
  pc: RTCPeerConnection;
  offer: Promise<RTCSessionDescriptionInit>;
}

/** Every configuration repeats this: changing only the servers beside it throws. */
export const BUNDLE: RTCConfiguration = { bundlePolicy: 'max-bundle' };

/** @throws RtcError `unsupported` */
export function park(): Parked {
  if (typeof RTCPeerConnection !== 'function') {
    throw new RtcError('unsupported', 'This browser has no WebRTC. Open the page in another one.');
  }
  const pc = new RTCPeerConnection(BUNDLE);
  lay(pc);
  const offer = pc.createOffer().then(stereo);
  offer.catch(() => undefined);
  return { pc, offer };
}

/** The m-lines: made by the offerer; by the answerer brought to be as the offer made them. */
function lay(pc: RTCPeerConnection): void {
  // One for camera and microphone, one for the screen: what shares a stream is played in step.
  const streams = { main: new MediaStream(), auxiliary: new MediaStream() };
  const offered = pc.getTransceivers();
  for (const [line, [type, kind]] of LAYOUT.entries()) {
    const transceiver = offered[line] ?? pc.addTransceiver(kind);
    transceiver.direction = 'sendrecv';
    transceiver.sender.setStreams(streams[type]);
    prefer(transceiver);
  }
}

let codecs: RTCRtpCodec[] | undefined;

/** VP8 first, H.264 where there is nothing else; the rest would only make the offer longer. */
function prefer(transceiver: RTCRtpTransceiver): void {
  // Firefox has VP8 first by itself, and Chromium cannot read its offer once a preference is set:
  // it keeps the feedback lines of the codecs that were left out.
  if (transceiver.receiver.track.kind === 'audio' || 'mozGetUserMedia' in navigator) return;
  // Asked once: it holds the page up.
  const all = (codecs ??= RTCRtpReceiver.getCapabilities('video')?.codecs ?? []);
  const inOrder = [/vp8/i, /h264/i, /rtx|red|ulpfec/i].flatMap((name) =>
    all.filter(({ mimeType }) => name.test(mimeType)),
  );
  transceiver.setCodecPreferences(inOrder);
}

/**
 * Has lost sound asked for again, as a picture is: browsers do, where the other side's description
 * says so, and none offers it by itself.
 */
function repeating({ type, sdp = '' }: RTCSessionDescriptionInit): RTCSessionDescriptionInit {
  return { type, sdp: sdp.replace(/a=rtpmap:(\d+) opus.*\r\n/g, '$&a=rtcp-fb:$1 nack\r\n') };
}

/** Has sound decoded, and by who hears of it encoded, as it is; Chromium mixes it down by itself. */
function stereo({ type, sdp = '' }: RTCSessionDescriptionInit): RTCSessionDescriptionInit {
  return { type, sdp: sdp.replace(/10;useinbandfec=1/g, '$&;stereo=1') };
}

/** Milliseconds for which a connection sends its first picture small. */
const FIRST_PICTURE = 1_000;

const isFirefox = (description: RTCSessionDescription | null): boolean =>
  !!description?.sdp.includes('mozilla');

/**
 * The connection with one other session. Its m-lines never change after the first exchange; what
 * they carry does.
 */
export class Peer {
  readonly pc: RTCPeerConnection;
  readonly health: Health;
  closed = false;
  /** The one before it, until this one plays what is to be received. */
  #old: Peer | undefined;
  /** How often not all of it was played. */
  #partly = 0;
  /** An ICE restart's offer that is set only when its answer is there. */
  #late: RTCSessionDescriptionInit | null = null;
  /** What was sent meanwhile is lost. */
  #interrupted = false;
  #chain: Promise<unknown> = Promise.resolve();
  #syncing = false;
  #dirty = false;
  #encodings: string[] = [];
  /** Pictures have the size that is planned; undefined: none has begun small. */
  #grown: boolean | undefined;
  #small = false;

  /**
   * @param parked Its offer was sent with the join when `connect.parked`; else a connection whose
   * m-lines are laid already.
   * @param old In whose place it comes.
   */
  constructor(
    readonly connect: Connect,
    private host: PeerHost | null,
    parked?: Parked,
    old?: Peer,
  ) {
    this.health = old?.health ?? new Health();
    if (old) {
      this.#old = old.#old ?? old;
      if (old.#old) {
        // It never played anything.
        old.#old = undefined;
        old.close();
      }
    }
    const pc = (this.pc = parked?.pc ?? new RTCPeerConnection(BUNDLE));
    // On the chain, so that no candidate overtakes its description.
    pc.onicecandidate = ({ candidate }) =>
      this.#run(() => {
        this.#send({
          candidate: candidate && (candidate.toJSON() as Required<RTCIceCandidateInit>),
        });
      });
    pc.oniceconnectionstatechange = () => {
      if (pc.iceConnectionState === 'failed') this.restart();
      if (this.connected) {
        this.sync();
        const ice = pc.getSenders()[0]?.transport?.iceTransport;
        if (ice) ice.onselectedcandidatepairchange = () => this.#routed();
        this.#routed();
      } else if (pc.iceConnectionState === 'disconnected') {
        this.#interrupted = true;
      }
      this.host?.changed(this);
    };
    this.#run(async () => pc.setConfiguration(await this.host?.fresh(Infinity)));
    if (connect.offer) {
      this.signal({ sdp: { type: 'offer', sdp: connect.offer } });
    } else if (connect.offerer) {
      this.#run(async () => {
        if (!parked) lay(pc);
        // Also when nobody had it yet: Firefox would number the lines of another offer anew.
        await pc.setLocalDescription(await (parked?.offer ?? pc.createOffer().then(stereo)));
        if (!connect.parked) this.#describe();
        this.sync();
      });
    }
  }

  get connected(): boolean {
    // Or completed.
    return this.pc.iceConnectionState.startsWith('co');
  }

  /** What arrives on an m-line, once there is one. */
  track(line: number): MediaStreamTrack | null {
    if (this.closed) return null;
    if (this.#old) return this.#old.track(line);
    return this.pc.getTransceivers()[line]?.receiver.track ?? null;
  }

  /** Signals come in order and are worked off in order; so a candidate finds its description set. */
  signal(signal: Signal): void {
    this.#run(async () => {
      const { pc } = this;
      if ('restart' in signal) {
        if (this.connect.offerer) this.restart();
      } else if ('candidate' in signal) {
        await pc.addIceCandidate(signal.candidate ?? undefined);
      } else if (signal.sdp.type === 'answer') {
        if (this.#late) await pc.setLocalDescription(this.#late);
        this.#late = null;
        await pc.setRemoteDescription(repeating(signal.sdp));
      } else {
        if (pc.remoteDescription) {
          this.#interrupted = true;
          pc.setConfiguration(await this.host?.fresh());
        }
        await this.#answer(signal.sdp);
        this.host?.changed(this);
      }
    });
  }

  /** Looks for a new route, with fresh servers; the answerer asks the offerer for it. */
  restart(): void {
    this.#run(async () => {
      const { pc, connect } = this;
      if (!pc.remoteDescription || pc.signalingState !== 'stable' || this.#late) return;
      this.#interrupted = true;
      pc.setConfiguration(await this.host?.fresh());
      if (!connect.offerer) return this.#send({ restart: true });
      const offer = await pc.createOffer({ iceRestart: true }).then(stereo);
      // Set at once, Chromium may pick a candidate of before the restart (14 times in 60).
      if (isFirefox(pc.remoteDescription) && !isFirefox(pc.localDescription)) this.#late = offer;
      else await pc.setLocalDescription(offer);
      this.#describe(offer);
    });
  }

  /** Another connection in the place of this one. */
  renew(): void {
    this.host?.send({ t: 'renew', conn: this.connect.conn });
  }

  /** @param expected What should come. */
  settle(expected: readonly Slot[]): void {
    if (!this.#old || !this.connected) return;
    const all = this.pc.getTransceivers();
    const silent = expected.filter(
      ({ line }) => !all[line]?.receiver.getSynchronizationSources()[0],
    ).length;
    // What its publisher does not send, though it says so, is not waited for.
    if (silent && (silent === expected.length || ++this.#partly < 10)) return;
    this.#old.close();
    this.#old = undefined;
    this.host?.changed(this);
  }

  /** Settles when the other side has closed, at once when nothing is connected. */
  gone(): Promise<unknown> {
    const transport = this.pc.getSenders()[0]?.transport;
    return new Promise((resolve) => {
      if (transport?.state === 'connected') transport.onstatechange = resolve;
      else resolve(0);
    });
  }

  /** What is sent follows the latest wishes; calls while it does so count as one more. */
  sync(): void {
    this.#old?.sync();
    this.#dirty = true;
    if (this.#syncing) return;
    this.#syncing = true;
    void this.#follow();
  }

  close(): void {
    this.#old?.close();
    this.closed = true;
    this.pc.onicecandidate = this.pc.oniceconnectionstatechange = null;
    // What is still waited for of a closed connection never comes, and keeps who waits: this only.
    this.host = null;
    this.pc.close();
  }

  /** Sends whole pictures on a new route: a receiver that misses one asks every 3 s only. */
  #routed(): void {
    if (!this.#interrupted || !this.connected) return;
    this.#interrupted = false;
    for (const { sender } of this.pc.getTransceivers()) {
      if (sender.track?.kind !== 'video') continue;
      const parameters = sender.getParameters();
      const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
      // Where the option is not known, nothing is changed.
      sender.setParameters(parameters, { encodingOptions }).catch(() => undefined);
    }
  }

  async #follow(): Promise<void> {
    while (this.#dirty && !this.closed) {
      this.#dirty = false;
      const lines = this.pc.getTransceivers().map(({ sender }, line) => this.#feed(sender, line));
      await Promise.all(lines);
    }
    this.#syncing = false;
    this.#grow();
  }

  /** Once the first picture is over. */
  #grow(): void {
    if (!this.#small || !this.connected || this.#grown !== undefined) return;
    this.#grown = false;
    setTimeout(() => {
      this.#grown = true;
      this.sync();
    }, FIRST_PICTURE);
  }

  /** The track first: the encoder starts while its parameters are on their way. */
  async #feed(sender: RTCRtpSender, line: number): Promise<void> {
    const wanted = this.host?.outgoing.to(this.connect.peer, line, !this.#grown);
    const track = wanted?.track ?? null;
    this.#small ||= !!wanted?.small;
    try {
      if (sender.track !== track) await sender.replaceTrack(track);
      if (!this.closed) await this.#encode(sender, line, wanted);
    } catch (error) {
      this.#encodings[line] = '';
      if (!this.closed) log('warn', 'sending', error);
    }
  }

  async #encode(
    sender: RTCRtpSender,
    line: number,
    wanted: Sending | null | undefined,
  ): Promise<void> {
    // Firefox goes on sending a black picture a second without a track.
    if (!wanted && !(this.#encodings[line] && isFirefox(this.pc.localDescription))) return;
    const key = wanted ? JSON.stringify(wanted.encoding) : '';
    const parameters = sender.getParameters();
    const [first] = parameters.encodings;
    if (!first || this.#encodings[line] === key) return;
    Object.assign(first, { active: !!wanted }, wanted?.encoding);
    if (wanted?.screen) parameters.degradationPreference = 'maintain-resolution';
    await sender.setParameters(parameters);
    this.#encodings[line] = key;
  }

  async #answer(offer: RTCSessionDescriptionInit): Promise<void> {
    const { pc } = this;
    const first = !pc.remoteDescription;
    await pc.setRemoteDescription(repeating(offer));
    if (first) lay(pc);
    const answered = pc.setLocalDescription(stereo(await pc.createAnswer()));
    // Media flows as soon as the answer is there, which does not wait for it.
    if (first) this.sync();
    await answered;
    this.#describe();
  }

  #describe(
    { type, sdp }: Partial<RTCSessionDescriptionInit> = this.pc.localDescription ?? {},
  ): void {
    // What is made here is nothing else.
    if (sdp) this.#send({ sdp: { type: type as 'offer' | 'answer', sdp } });
  }

  #send(signal: Signal): void {
    this.host?.send({ t: 'signal', conn: this.connect.conn, signal });
  }

  #run(step: () => unknown): void {
    this.#chain = this.#chain
      .then(() => (this.closed ? undefined : step()))
      .catch((error: unknown) => {
        if (!this.closed) log('warn', 'connection', error);
      });
  }
}
