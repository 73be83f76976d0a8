/** Plays the tracks of one stream after another in a media element. */
export class Player {
  /** Media of the present stream has really arrived. */
  playing = false;
  /** The browser wants a gesture first. */
  blocked = false;

  #media: MediaStream | null = null;
  #silenced = false;
  #sound = false;

  constructor(
    readonly video: HTMLVideoElement,
    private readonly changed: () => void,
  ) {
    video.addEventListener('playing', () => {
      // A picture has arrived when its first frame has, which `playing` does not say.
      if (!this.#media?.getVideoTracks().length) this.#arrived();
    });
  }

  /** @param sound Whether it is to be heard, not whether there is any. */
  show(tracks: MediaStreamTrack[], sound: boolean, fresh: boolean): void {
    const { video } = this;
    if (fresh) {
      this.playing = false;
      this.#media = null;
    }
    // Hundreds of tiles may wait: a media element that has nothing to play is not touched.
    if (!tracks.length && !video.srcObject) {
      if (fresh) this.#settle(false);
      return;
    }
    const media = (this.#media ??= new MediaStream());
    const old = media.getTracks();
    const gone = old.filter((track) => !tracks.includes(track));
    const added = tracks.filter((track) => !old.includes(track));
    for (const track of gone) media.removeTrack(track);
    for (const track of added) media.addTrack(track);
    this.#sound = sound;
    if (!sound && this.#silenced) this.#settle(false);
    video.muted = !sound || this.#silenced;
    if (!tracks.length) {
      video.srcObject = null;
      if (fresh) this.#settle(false);
    } else if (fresh || added.length || !video.srcObject) {
      video.srcObject = media;
      if (added.some(({ kind }) => kind === 'video')) this.#awaitFrame(media);
      void this.play();
    }
  }

  /** Plays on after a move, which pauses media elements. */
  revive(): void {
    if (this.video.srcObject && this.video.paused) void this.play();
  }

  /** Call it in a gesture. */
  async unblock(): Promise<void> {
    this.#silenced = false;
    this.video.muted = !this.#sound;
    await this.play();
  }

  async play(): Promise<void> {
    const { video } = this;
    const media = video.srcObject;
    if (!media) return;
    try {
      await video.play();
      if (video.srcObject === media && !this.#silenced) this.#settle(false);
    } catch (error) {
      // An AbortError is a newer call's business.
      if (video.srcObject !== media || (error as DOMException).name !== 'NotAllowedError') return;
      const loud = !video.muted;
      this.#settle(true);
      if (!loud) return;
      // Only sound is refused: the picture plays on without it.
      this.#silenced = video.muted = true;
      await this.play();
    }
  }

  #settle(blocked: boolean): void {
    if (!blocked) this.#silenced = false;
    if (this.blocked === blocked) return;
    this.blocked = blocked;
    this.changed();
  }

  #awaitFrame(media: MediaStream): void {
    const { video } = this;
    const seen = (): void => {
      if (video.srcObject === media) this.#arrived();
    };
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(seen);
    else (video as HTMLVideoElement).addEventListener('timeupdate', seen, { once: true });
  }

  #arrived(): void {
    if (this.playing) return;
    this.playing = true;
    this.changed();
  }
}
