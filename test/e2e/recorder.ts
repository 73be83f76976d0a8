/** What every page carries from before its first script: it listens, counts, and patches nothing away. */

export interface RecordedEvent {
  type: string;
  /** The `id` attribute of the target, or its tag name. */
  target: string;
  /** Milliseconds since the page's time origin. */
  time: number;
  detail: Record<string, unknown>;
}

export interface Recorder {
  events: RecordedEvent[];
  violations: string[];
  peers: RTCPeerConnection[];
  sockets: WebSocket[];
  tracks: MediaStreamTrack[];
  /** How often a device was asked for. */
  asked: number;
  find(selector: string): HTMLElement;
  all(selector: string): HTMLElement[];
  /** The remote-stream elements that show a stream of this user, layout tiles included. */
  showing(userId: string): HTMLElement[];
  /** The picture of the first of them. */
  video(userId: string): HTMLVideoElement | null | undefined;
  /** Decoded frames that the element's picture presented so far. */
  frames(selector: string): number;
  live(): { tracks: number; peers: number; sockets: number };
  /** The statistics of a connection; none once it is closed, where Firefox may never answer. */
  stats(peer: RTCPeerConnection): Promise<Iterable<Record<string, unknown>>>;
  /** Samples of sound that came over a connection, without those made up for what did not come. */
  samples(peer: RTCPeerConnection): Promise<number>;
  /** Sums a field of all statistics of one type and kind over the open connections. */
  sum(type: string, kind: string, field: string): Promise<number>;
}

declare global {
  interface Window {
    e2e: Recorder;
  }
}

/** Runs in the page; must not name anything outside of itself. */
export function installRecorder(): void {
  const types = [
    'rtc-connection-state-changed',
    'rtc-joined',
    'rtc-left',
    'rtc-client-banned',
    'rtc-waiting',
    'rtc-role-changed',
    'rtc-user-joined',
    'rtc-user-updated',
    'rtc-user-left',
    'rtc-stream-added',
    'rtc-stream-updated',
    'rtc-stream-removed',
    'rtc-stream-subscribed',
    'rtc-stream-unsubscribed',
    'rtc-playback-state-changed',
    'rtc-autoplay-blocked',
    'rtc-mute-changed',
    'rtc-message-received',
    'rtc-capture-state-changed',
    'rtc-stream-published',
    'rtc-stream-unpublished',
    'rtc-device-changed',
    'rtc-screen-sharing-stopped',
    'rtc-link-state-changed',
    'rtc-active-speaker-changed',
    'rtc-network-quality',
    'rtc-request',
    'rtc-error',
  ];
  const events: RecordedEvent[] = [];
  const violations: string[] = [];
  const peers: RTCPeerConnection[] = [];
  const sockets: WebSocket[] = [];
  const tracks: MediaStreamTrack[] = [];
  const counters = new WeakMap<HTMLVideoElement, { frames: number }>();

  const plain = (value: unknown, depth = 0): unknown => {
    if (value instanceof Error) {
      const { code, fatal, provider } = value as Error & Record<string, unknown>;
      return { code, fatal, provider, message: value.message };
    }
    if (value === null || typeof value !== 'object')
      return typeof value === 'function' ? undefined : value;
    if (value instanceof EventTarget) return String(value);
    if (depth > 3) return '…';
    if (Array.isArray(value)) return value.map((item) => plain(item, depth + 1));
    const stream = ['id', 'userId', 'type', 'hasAudio', 'hasVideo'].filter((key) => key in value);
    const keys = stream.includes('hasAudio') ? stream : Object.keys(value);
    return Object.fromEntries(
      keys.map((key) => [key, plain((value as Record<string, unknown>)[key], depth + 1)]),
    );
  };

  for (const type of types) {
    window.addEventListener(
      type,
      (event) => {
        const target = event.target as HTMLElement;
        events.push({
          type,
          target: target.id || target.localName,
          time: performance.now(),
          detail: plain((event as CustomEvent<unknown>).detail) as Record<string, unknown>,
        });
      },
      { capture: true },
    );
  }
  document.addEventListener('securitypolicyviolation', (event) => {
    violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
  });

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(config?: RTCConfiguration) {
      super(config);
      peers.push(this);
    }
  };
  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  };
  const recorder: Recorder = {
    events,
    violations,
    peers,
    sockets,
    tracks,
    asked: 0,
    find(selector) {
      const [found] = recorder.all(selector);
      if (!found) throw new Error(`no ${selector}`);
      return found;
    },
    all(selector) {
      const found: HTMLElement[] = [];
      const walk = (root: ParentNode): void => {
        for (const element of root.querySelectorAll<HTMLElement>('*')) {
          if (element.matches(selector)) found.push(element);
          if (element.shadowRoot) walk(element.shadowRoot);
        }
      };
      walk(document);
      return found;
    },
    showing(userId) {
      return recorder.all('rtc-remote-stream').filter((element) => {
        const { stream, currentStream } = element as HTMLElement &
          Record<string, { userId?: string } | null>;
        return (
          element.getAttribute('user-id') === userId || (stream ?? currentStream)?.userId === userId
        );
      });
    },
    video(userId) {
      return recorder.showing(userId)[0]?.shadowRoot?.querySelector('video');
    },
    frames(selector) {
      const user = /^user:(.*)$/.exec(selector)?.[1];
      const hosts = user === undefined ? recorder.all(selector) : recorder.showing(user);
      let sum = 0;
      for (const host of hosts) {
        const video =
          host instanceof HTMLVideoElement ? host : host.shadowRoot?.querySelector('video');
        if (!video) continue;
        let counter = counters.get(video);
        if (!counter) {
          const fresh = { frames: 0 };
          counters.set(video, (counter = fresh));
          const count = (): void => {
            fresh.frames += 1;
            video.requestVideoFrameCallback(count);
          };
          video.requestVideoFrameCallback(count);
        }
        sum += counter.frames;
      }
      return sum;
    },
    live() {
      return {
        tracks: tracks.filter(({ readyState }) => readyState === 'live').length,
        peers: peers.filter(({ connectionState }) => connectionState !== 'closed').length,
        sockets: sockets.filter(({ readyState }) => readyState < WebSocket.CLOSING).length,
      };
    },
    async stats(peer) {
      let timer: ReturnType<typeof setInterval> | undefined;
      const closed = new Promise<Map<string, unknown>>((resolve) => {
        timer = setInterval(() => peer.connectionState === 'closed' && resolve(new Map()), 100);
      });
      try {
        const report = await Promise.race([peer.getStats(), closed]);
        return report.values() as Iterable<Record<string, unknown>>;
      } finally {
        clearInterval(timer);
      }
    },
    async samples(peer) {
      let samples = 0;
      for (const report of await recorder.stats(peer)) {
        if (report['type'] !== 'inbound-rtp' || report['kind'] !== 'audio') continue;
        // Which not every browser counts.
        const { totalSamplesReceived: all = 0, concealedSamples: madeUp = 0 } = report;
        samples += Number(all) - Number(madeUp);
      }
      return samples;
    },
    async sum(type, kind, field) {
      let sum = 0;
      for (const peer of peers) {
        if (peer.connectionState === 'closed') continue;
        for (const report of await recorder.stats(peer)) {
          if (report['type'] === type && report['kind'] === kind) sum += Number(report[field] ?? 0);
        }
      }
      return sum;
    },
  };
  window.e2e = recorder;

  // Absent in an insecure context.
  if (window.isSecureContext) {
    const devices = navigator.mediaDevices;
    for (const name of ['getUserMedia', 'getDisplayMedia'] as const) {
      const ask = devices[name].bind(devices);
      devices[name] = async (constraints?: MediaStreamConstraints) => {
        recorder.asked += 1;
        const stream = await ask(constraints);
        tracks.push(...stream.getTracks());
        return stream;
      };
    }
    // A clone holds the camera as well as its original.
    const clone = MediaStreamTrack.prototype.clone;
    MediaStreamTrack.prototype.clone = function (this: MediaStreamTrack) {
      const copy = clone.call(this);
      if (tracks.includes(this)) tracks.push(copy);
      return copy;
    };
  }
}
