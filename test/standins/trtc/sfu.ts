/** Runs in a Chromium page: the media server of the stand-in, one connection for each SDP offer. */

export interface Wanted {
  audio: boolean;
  bigVideo: boolean;
  auxVideo: boolean;
}

/** Of what a user sends: packets, and the round trip in milliseconds. */
export interface Quality {
  expectAudPkg: number;
  expectVidPkg: number;
  recvAudPkg: number;
  recvVidPkg: number;
  rtt: number;
}

export interface Sfu {
  /** What a user sends: microphone, camera, its small copy, screen. @returns the answer */
  publish(key: string, offer: string): Promise<string>;
  unpublish(key: string): void;
  quality(key: string): Promise<Quality>;
  /** What `key` receives of `source`: sound, camera, screen. @returns the answer */
  subscribe(key: string, source: string, wanted: Wanted, offer: string): Promise<string>;
  change(key: string, wanted: Wanted): Promise<void>;
  unsubscribe(key: string): void;
  /** Open connections. */
  count(): number;
}

declare global {
  interface Window {
    sfu: Sfu;
  }
}

/** Must not name anything outside of itself. */
export function installSfu(): void {
  /** The stream ids by which TRTC's SDK knows the main stream and the screen. */
  const MAIN = '5Y2wZK8nANNAoVw6dSAHVjNxrD1ObBM2kBPV';
  const SCREEN = '224d130c-7b5c-415b-aaa2-79c2eb5a6df2';
  /** And bits 16–23 of a video's SSRC, by which it tells them apart. */
  const MAIN_VIDEO = 2;
  const SCREEN_VIDEO = 3;

  interface Down {
    pc: RTCPeerConnection;
    source: string;
    wanted: Wanted;
  }
  const up = new Map<string, { pc: RTCPeerConnection; players: HTMLAudioElement[] }>();
  const down = new Map<string, Down>();

  async function answer(
    pc: RTCPeerConnection,
    change: (sdp: string) => string = (sdp) => sdp,
  ): Promise<string> {
    const { sdp = '' } = await pc.createAnswer();
    await pc.setLocalDescription({ type: 'answer', sdp: change(sdp) });
    // The SDK sends its offer without candidates and takes none later.
    while (pc.iceGatheringState !== 'complete')
      await new Promise((resolve) =>
        pc.addEventListener('icegatheringstatechange', resolve, { once: true }),
      );
    return pc.localDescription?.sdp ?? '';
  }

  async function link({ pc, source, wanted }: Down): Promise<void> {
    const [microphone, camera, , screen] = up.get(source)?.pc.getTransceivers() ?? [];
    const [sound, main, auxiliary] = pc.getSenders();
    const track = (from: RTCRtpTransceiver | undefined, on: boolean): MediaStreamTrack | null =>
      (on && from?.receiver.track) || null;
    await Promise.all([
      sound?.replaceTrack(track(microphone, wanted.audio)),
      main?.replaceTrack(track(camera, wanted.bigVideo)),
      auxiliary?.replaceTrack(track(screen, wanted.auxVideo)),
    ]);
  }

  /** One m-line's text after the other, changed by what it is. */
  function sections(sdp: string, change: (text: string, index: number) => string): string {
    return sdp
      .split(/(?=^m=)/m)
      .map((text, index) => (index === 0 ? text : change(text, index - 1)))
      .join('');
  }

  function setSsrcs(sdp: string): string {
    return sections(sdp, (text, index) => {
      if (index === 0) return text;
      const mark = index === 1 ? MAIN_VIDEO : SCREEN_VIDEO;
      const change = (ssrc: string): string =>
        String(((Number(ssrc) & 0x7f00_ffff) | (mark << 16)) >>> 0);
      return text
        .replace(/^a=ssrc:(\d+)/gm, (_, ssrc: string) => `a=ssrc:${change(ssrc)}`)
        .replace(
          /^a=ssrc-group:FID (\d+) (\d+)/gm,
          (_, a: string, b: string) => `a=ssrc-group:FID ${change(a)} ${change(b)}`,
        );
    });
  }

  function nameStreams(sdp: string): string {
    return sections(sdp, (text, index) => {
      const stream = index === 2 ? SCREEN : MAIN;
      const named = text.replace(/^a=msid:\S+ /gm, `a=msid:${stream} `);
      const [, msid = ''] = /^a=(msid:.*)\r$/m.exec(named) ?? [];
      // The SDK finds its statistics by these lines, which a browser's answer has not.
      return named.replace(
        /^(a=ssrc:\d+) cname:.*\r\n/gm,
        (line, ssrc) => `${line}${ssrc} ${msid}\r\n`,
      );
    });
  }

  function close(key: string): void {
    const found = up.get(key);
    found?.pc.close();
    for (const player of found?.players ?? []) player.srcObject = null;
    up.delete(key);
  }

  window.sfu = {
    async publish(key, offer) {
      close(key);
      const pc = new RTCPeerConnection();
      const players: HTMLAudioElement[] = [];
      up.set(key, { pc, players });
      pc.addEventListener('track', ({ track }) => {
        if (track.kind !== 'audio') return;
        // Chromium decodes sound only while something plays it.
        const player = new Audio();
        player.srcObject = new MediaStream([track]);
        void player.play();
        players.push(player);
      });
      // The SDK cuts this name out of its offer's first line with it, and would of the answer's.
      const sdpOffer = offer.replace(/^a=extmap:\d+ (urn:3gpp:video-orientation)?\r\n/gm, '');
      await pc.setRemoteDescription({ type: 'offer', sdp: sdpOffer });
      const sdp = await answer(pc);
      for (const each of down.values()) if (each.source === key) await link(each);
      return sdp;
    },
    unpublish: close,
    async quality(key) {
      const all = { expectAudPkg: 0, expectVidPkg: 0, recvAudPkg: 0, recvVidPkg: 0, rtt: 0 };
      const stats = (await up.get(key)?.pc.getStats())?.values() ?? [];
      for (const stat of stats as Iterable<Record<string, string | number | undefined>>) {
        const count = (name: string): number => Number(stat[name] ?? 0);
        if (stat['type'] === 'candidate-pair') all.rtt = 1000 * count('currentRoundTripTime');
        if (stat['type'] !== 'inbound-rtp') continue;
        const kind = stat['kind'] === 'audio' ? 'Aud' : 'Vid';
        all[`recv${kind}Pkg`] += count('packetsReceived');
        all[`expect${kind}Pkg`] += count('packetsReceived') + count('packetsLost');
      }
      return all;
    },
    async subscribe(key, source, wanted, offer) {
      down.get(key)?.pc.close();
      const pc = new RTCPeerConnection();
      const each = { pc, source, wanted };
      down.set(key, each);
      await pc.setRemoteDescription({ type: 'offer', sdp: offer });
      for (const transceiver of pc.getTransceivers()) transceiver.direction = 'sendonly';
      await link(each);
      return nameStreams(await answer(pc, setSsrcs));
    },
    async change(key, wanted) {
      const each = down.get(key);
      if (!each) return;
      each.wanted = wanted;
      await link(each);
    },
    unsubscribe(key) {
      down.get(key)?.pc.close();
      down.delete(key);
    },
    count: () => up.size + down.size,
  };
}
