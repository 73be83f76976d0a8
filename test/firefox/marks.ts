/** Pages that flash and beep at one moment, and tell when they see and hear each other do so. */
import type { Peer } from '../e2e/harness.js';

declare global {
  interface Window {
    marks: Marks;
  }
}

interface Marks {
  /** When the page flashed and beeped, saw it, and heard it: milliseconds of the machine's clock. */
  sent: number[];
  seen: number[];
  heard: number[];
  stream(): Promise<MediaStream>;
  watch(video: HTMLVideoElement, microphone: RTCRtpReceiver): void;
}

/** Runs in the page before everything else; must not name anything outside of itself. */
export function installMarks(): void {
  const PERIOD = 2_000;
  const LENGTH = 300;
  window.marks = {
    sent: [],
    seen: [],
    heard: [],
    async stream() {
      const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 120 });
      const picture = canvas.getContext('2d');
      const [tone, loud] = await beep();
      let since = Date.now();
      let turn = 0;
      setInterval(() => {
        if (!picture) return;
        const now = Date.now();
        if (now - since >= PERIOD) {
          since = now;
          this.sent.push(now);
        }
        const on = this.sent.length > 0 && now - since < LENGTH;
        loud(on);
        picture.fillStyle = on ? 'white' : 'black';
        picture.fillRect(0, 0, 160, 120);
        // A picture that stays as it is is not captured again.
        picture.fillStyle = 'gray';
        picture.fillRect((turn += 1) % 160, 0, 2, 2);
      }, 40);
      return new MediaStream([...canvas.captureStream(25).getVideoTracks(), tone]);
    },
    watch(video, microphone) {
      const eye = Object.assign(document.createElement('canvas'), { width: 8, height: 8 });
      const picture = eye.getContext('2d', { willReadFrequently: true });
      let bright = false;
      const look = (): void => {
        picture?.drawImage(video, 0, 0, 8, 8);
        const now = (picture?.getImageData(4, 4, 1, 1).data[0] ?? 0) > 128;
        if (now && !bright) this.seen.push(Date.now());
        bright = now;
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);

      let loud = 0;
      const listen = async (): Promise<void> => {
        for (const stat of (
          await microphone.getStats()
        ).values() as Iterable<RTCInboundRtpStreamStats>) {
          if (stat.type !== 'inbound-rtp' || (stat.audioLevel ?? 0) < 0.05) continue;
          const now = Date.now();
          if (now - loud > PERIOD / 2) this.heard.push(now);
          loud = now;
        }
        setTimeout(() => void listen(), 10);
      };
      void listen();
    },
  };

  /** A tone, silent until it is loud. */
  async function beep(): Promise<[MediaStreamTrack, (loud: boolean) => void]> {
    // Firefox without a window has no loudspeaker that would drive it; its microphone is a tone.
    if ('mozGetUserMedia' in navigator) {
      const media = await navigator.mediaDevices.getUserMedia({ audio: true });
      const [track] = media.getAudioTracks() as [MediaStreamTrack];
      return [track, (loud) => (track.enabled = loud)];
    }
    const audio = new AudioContext();
    const loudness = new GainNode(audio, { gain: 0 });
    const sound = audio.createMediaStreamDestination();
    const tone = new OscillatorNode(audio, { frequency: 880 });
    tone.connect(loudness).connect(sound);
    tone.start();
    const [track] = sound.stream.getAudioTracks() as [MediaStreamTrack];
    return [track, (loud) => (loudness.gain.value = loud ? 0.8 : 0)];
  }
}

/** This page sends flashes and beeps, instead of camera and microphone. */
export async function sendMarks(peer: Peer): Promise<void> {
  await peer.eval(async () => {
    await customElements.whenDefined('rtc-local-stream');
    Object.assign(window.e2e.find('rtc-local-stream'), {
      mediaStream: await window.marks.stream(),
    });
  });
}

/** This page looks and listens to that user, whose sound it holds back by so many milliseconds. */
export async function watchMarks(peer: Peer, user: string, holdBack: number): Promise<void> {
  await peer.eval(
    (whose, delay) => {
      const video = window.e2e.video(whose);
      const connection = window.e2e.peers.find(
        ({ connectionState }) => connectionState === 'connected',
      );
      const [microphone] = connection?.getReceivers() ?? [];
      if (!video || !microphone) throw new Error(`${whose} is not shown`);
      microphone.jitterBufferTarget = delay;
      window.marks.watch(video, microphone);
    },
    user,
    holdBack,
  );
}

export interface Delays {
  sound: number;
  picture: number;
}

/** How long each mark of one page took to be heard and seen by the other, in milliseconds. */
export async function delays(from: Peer, to: Peer): Promise<Delays[]> {
  const sent = await from.eval(() => window.marks.sent);
  const [seen, heard] = await to.eval(() => [window.marks.seen, window.marks.heard] as const);
  const after = (at: number, times: number[]): number =>
    (times.find((time) => time >= at) ?? Infinity) - at;
  return sent
    .map((at) => ({ sound: after(at, heard), picture: after(at, seen) }))
    .filter(({ sound, picture }) => Math.max(sound, picture) < 2_000);
}
