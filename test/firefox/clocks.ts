/** Pictures that show the time, so that who sees them can tell how old they are. */
import type { Peer } from '../e2e/harness.js';

declare global {
  interface Window {
    clocks: Clocks;
  }
}

interface Age {
  /** When the frame was presented, and how old it was then, in milliseconds. */
  at: number;
  age: number;
}

interface Clocks {
  /** What each watched picture has shown. */
  ages: Record<string, Age[]>;
  /** A picture of the machine's clock. */
  capture(): MediaStreamTrack;
  watch(name: string, video: HTMLVideoElement): void;
}

/** Runs in the page before everything else; must not name anything outside of itself. */
export function installClocks(): void {
  // 4 × 4 fields, black or white: 12 bits of the clock, and 4 by which a picture is known to be whole.
  const STEP = 8;
  const RANGE = 4_096;
  const FIELDS = [...Array(16).keys()];
  const now = (): number => Math.floor(Date.now() / STEP) % RANGE;
  const checked = (time: number): number =>
    time * 16 + ((time ^ (time >> 4) ^ (time >> 8) ^ 0b1010) & 15);

  window.clocks = {
    ages: {},
    capture() {
      const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 120 });
      const picture = canvas.getContext('2d');
      setInterval(() => {
        const code = checked(now());
        for (const field of FIELDS) {
          if (!picture) return;
          picture.fillStyle = (code >> field) & 1 ? 'white' : 'black';
          picture.fillRect((field % 4) * 40, Math.floor(field / 4) * 30, 40, 30);
        }
      }, 40);
      // A canvas has one.
      return canvas.captureStream(25).getVideoTracks()[0] as MediaStreamTrack;
    },
    watch(name, video) {
      const ages: Age[] = (this.ages[name] = []);
      const eye = Object.assign(document.createElement('canvas'), { width: 16, height: 12 });
      const picture = eye.getContext('2d', { willReadFrequently: true });
      const look = (): void => {
        video.requestVideoFrameCallback(look);
        picture?.drawImage(video, 0, 0, 16, 12);
        const { data } = picture?.getImageData(0, 0, 16, 12) ?? { data: [] };
        let code = 0;
        for (const field of FIELDS) {
          const pixel = (Math.floor(field / 4) * 3 + 1) * 16 + (field % 4) * 4 + 2;
          if ((data[pixel * 4] ?? 0) > 128) code |= 1 << field;
        }
        const time = code >> 4;
        if (checked(time) !== code) return;
        ages.push({ at: Date.now(), age: ((now() - time + RANGE) % RANGE) * STEP });
      };
      video.requestVideoFrameCallback(look);
    },
  };
  // A headless browser has no screen.
  navigator.mediaDevices.getDisplayMedia = () =>
    Promise.resolve(new MediaStream([window.clocks.capture()]));
}

/** This page's camera shows the time; its microphone is what it was. */
export async function showClock(peer: Peer): Promise<void> {
  await peer.eval(async () => {
    await customElements.whenDefined('rtc-local-stream');
    const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
    Object.assign(window.e2e.find('rtc-local-stream'), {
      mediaStream: new MediaStream([...sound.getAudioTracks(), window.clocks.capture()]),
    });
  });
}

/** From now on this page tells how old that element's picture is. */
export async function watchClock(peer: Peer, selector: string): Promise<void> {
  await peer.eval((where) => {
    const video = window.e2e.find(where).shadowRoot?.querySelector('video');
    if (!video) throw new Error(`${where} has no picture`);
    window.clocks.watch(where, video);
  }, selector);
}

/**
 * How old the element's picture was, by the median of the last `span` milliseconds; undefined while
 * it has not been watched for so long, or too few frames came to say.
 */
export async function ageOf(
  peer: Peer,
  selector: string,
  span: number,
): Promise<number | undefined> {
  const all = await peer.eval((where) => window.clocks.ages[where] ?? [], selector);
  const from = Date.now() - span;
  if (!all[0] || all[0].at > from) return undefined;
  const ages = all.flatMap(({ at, age }) => (at > from ? [age] : [])).sort((a, b) => a - b);
  return ages.length < (span / 1_000) * 2 ? undefined : ages[Math.floor(ages.length / 2)];
}
