import { expect } from '@open-wc/testing';
import { parseProfile } from '../../../src/core/devices.js';
import { RtcError } from '../../../src/core/errors.js';
import { failWith, Spy, Stage, tick, unplug, until } from './capture-harness.js';

describe('local capture', () => {
  let spy: Spy;
  let stage: Stage;

  beforeEach(() => {
    spy = new Spy();
    stage = new Stage();
  });

  afterEach(async () => {
    stage.capture.end();
    await tick();
    expect(spy.live, 'tracks left over').to.have.length(0);
    spy.restore();
  });

  describe('devices', () => {
    it('captures nothing until the room is active, then both with one question', async () => {
      stage.want({ audio: true, video: true });
      await tick();
      expect(spy.asked).to.have.length(0);
      expect(stage.capture.state).to.equal('idle');
      stage.join();
      await until(() => stage.capture.published);
      expect(spy.asked).to.have.length(1);
      expect(stage.states).to.deep.equal(['starting', 'live']);
      expect(stage.all('rtc-stream-published')).to.have.length(1);
      const [publication] = stage.room.publications;
      expect(publication).to.include({
        type: 'main',
        hasAudio: true,
        hasVideo: true,
        width: 640,
        height: 360,
        frameRate: 15,
      });
      expect(stage.capture.main).to.include({ hasAudio: true, hasVideo: true, userId: 'alice' });
    });

    it('stops and unpublishes when the room is no longer active, and starts anew', async () => {
      stage.want({ audio: true });
      stage.join();
      await until(() => stage.capture.published);
      stage.room.active = false;
      await tick();
      expect(spy.live).to.have.length(0);
      expect(stage.capture.main).to.equal(null);
      expect(stage.capture.state).to.equal('idle');
      expect(stage.all('rtc-stream-unpublished')).to.have.length(1);
      stage.join();
      await until(() => stage.capture.published);
    });

    it('previews without a room, and keeps the capture on the way through one', async () => {
      stage.want({ video: true, preview: true });
      await stage.capture.whenCaptured();
      const { main } = stage.capture;
      stage.join();
      await until(() => stage.capture.published);
      stage.room.active = false;
      await tick();
      expect(stage.capture.main).to.equal(main);
      expect(spy.asked).to.have.length(1);
      expect(stage.capture.published).to.equal(false);
    });

    it('publishes nothing with no-publish, and settles publish() and unpublish()', async () => {
      stage.want({ audio: true, noPublish: true });
      stage.join();
      await stage.capture.whenCaptured();
      await tick();
      expect(stage.room.publications).to.have.length(0);
      stage.want({ noPublish: false });
      await stage.capture.whenPublished();
      expect(stage.capture.published).to.equal(true);
      stage.want({ noPublish: true });
      await stage.capture.whenUnpublished();
      expect(stage.capture.published).to.equal(false);
      expect(spy.live).to.have.length(1);
    });

    it('tells close() that all is unpublished, whatever else changes meanwhile', async () => {
      stage.want({ audio: true });
      stage.join();
      await until(() => stage.capture.published);
      stage.want({ audio: false });
      const over = stage.capture.whenUnpublished();
      stage.want({ profile: '720p' });
      await over;
      expect(stage.room.publications).to.have.length(0);
    });

    it('rejects publish() that a later unpublish() overtakes', async () => {
      stage.want({ audio: true });
      const promise = stage.capture.whenPublished().catch((error: unknown) => error);
      stage.want({ noPublish: true });
      expect(((await promise) as RtcError).code).to.equal('aborted');
    });

    it('keeps a muted microphone and releases a muted camera; both stay published', async () => {
      stage.want({ audio: true, video: true });
      stage.join();
      await until(() => stage.capture.published);
      const [audio, video] = [stage.track('audio'), stage.track('video')];
      stage.want({ audioMuted: true, videoMuted: true });
      await tick();
      expect(audio).to.include({ readyState: 'live', enabled: false });
      expect(video).to.include({ readyState: 'ended' });
      expect(stage.room.publications[0]).to.include({
        hasVideo: true,
        video: null,
        videoMuted: true,
        hasAudio: true,
        audioMuted: true,
        audio,
      });
      expect(stage.capture.published).to.equal(true);
      stage.want({ audioMuted: false, videoMuted: false });
      await until(() => stage.track('video'));
      expect(audio).to.include({ enabled: true });
      expect(stage.track('video')).not.to.equal(video);
      expect(spy.live).to.have.length(2);
      expect(stage.all('rtc-stream-unpublished')).to.have.length(0);
    });

    it('publishes a camera that was muted from the start, without asking for it', async () => {
      stage.want({ video: true, videoMuted: true });
      stage.join();
      await until(() => stage.capture.published);
      expect(spy.asked).to.have.length(0);
      expect(stage.room.publications[0]).to.include({
        hasVideo: true,
        video: null,
        videoMuted: true,
      });
    });

    it('does not publish a muted camera before the microphone has answered', async () => {
      let answer = (): void => undefined;
      spy.before = () => new Promise<void>((resolve) => (answer = resolve));
      stage.want({ audio: true, video: true, videoMuted: true });
      stage.join();
      await tick();
      expect(stage.room.publications).to.have.length(0);
      expect(stage.capture.state).to.equal('starting');
      answer();
      await until(() => stage.capture.published);
      expect(stage.room.publications[0]).to.include({ hasAudio: true, hasVideo: true });
    });

    it('stops the answer to a prompt that nobody waits for any more', async () => {
      let answer = (): void => undefined;
      spy.before = () => new Promise<void>((resolve) => (answer = resolve));
      stage.want({ audio: true, video: true, preview: true });
      await tick();
      stage.capture.end();
      answer();
      await until(() => spy.tracks.length === 2);
      await tick();
      expect(spy.live).to.have.length(0);
      expect(stage.capture.state).to.equal('idle');
    });

    it('takes of one answer what is still wanted', async () => {
      let answer = (): void => undefined;
      spy.before = () => new Promise<void>((resolve) => (answer = resolve));
      stage.want({ audio: true, video: true, preview: true });
      await tick();
      stage.want({ video: false });
      await tick();
      answer();
      await until(() => stage.capture.state === 'live');
      expect(spy.live.map(({ kind }) => kind)).to.deep.equal(['audio']);
      expect(spy.asked).to.have.length(1);
    });

    it('revives after its end', async () => {
      stage.want({ audio: true });
      stage.join();
      await until(() => stage.capture.published);
      stage.capture.end();
      await tick();
      expect(stage.room.publishers.size).to.equal(0);
      expect(spy.live).to.have.length(0);
      stage.want({});
      await until(() => stage.capture.published);
    });

    it('survives moving to another room in one task', async () => {
      stage.want({ audio: true });
      stage.join();
      await until(() => stage.capture.published);
      const other = new Stage();
      other.join();
      stage.capture.attach(other.room);
      await until(() => stage.capture.published);
      expect(spy.asked).to.have.length(1);
      expect(other.room.publications).to.have.length(1);
      expect(stage.room.publishers.size).to.equal(0);
    });

    it('changes the device in place: new track first, one stream, event', async function () {
      const devices = await navigator.mediaDevices.enumerateDevices();
      const microphones = devices.filter(({ kind }) => kind === 'audioinput');
      if (microphones.length < 2 && navigator.userAgent.includes('Firefox')) {
        console.log('Skipped “changes the device in place”: Firefox has one fake microphone.');
        this.skip();
      }
      stage.want({ audio: true, preview: true });
      await stage.capture.whenCaptured();
      const { main } = stage.capture;
      const before = stage.track('audio');
      const other = microphones.find(({ deviceId }) => deviceId !== before?.getSettings().deviceId);
      expect(!!other, 'a second fake microphone').to.equal(true);
      stage.want({ microphoneId: other?.deviceId });
      await tick(0);
      expect(before?.readyState).to.equal('live');
      await until(() => stage.track('audio') !== before);
      expect(before?.readyState).to.equal('ended');
      expect(stage.capture.main).to.equal(main);
      const [change] = stage.all('rtc-device-changed');
      expect(change).to.include({ kind: 'audio', deviceId: other?.deviceId, reason: 'switched' });
      expect(stage.states).to.deep.equal(['starting', 'live']);
    });

    it('frees a device that opens once only before it asks again', async () => {
      stage.want({ video: true, preview: true });
      await stage.capture.whenCaptured();
      const before = stage.track('video');
      spy.before = () => {
        if (before?.readyState === 'live')
          throw new DOMException('one at a time', 'NotReadableError');
      };
      stage.want({ profile: '640x480@10' });
      await until(() => stage.track('video') && stage.track('video') !== before);
      expect(stage.track('video')?.getSettings()).to.include({ width: 640, height: 480 });
      expect(stage.all('rtc-error')).to.have.length(0);
    });

    it('replaces an unplugged device by the default one and says so', async () => {
      const devices = await navigator.mediaDevices.enumerateDevices();
      const named = devices.filter(({ kind }) => kind === 'audioinput').at(-1)?.deviceId;
      stage.want({ audio: true, preview: true, microphoneId: named });
      await stage.capture.whenCaptured();
      const before = stage.track('audio') as MediaStreamTrack;
      unplug(before);
      await until(() => stage.capture.state === 'live');
      expect(stage.track('audio')).not.to.equal(before);
      expect(spy.asked.at(-1)?.audio).not.to.have.property('deviceId');
      expect(stage.all('rtc-device-changed')[0]).to.include({ kind: 'audio', reason: 'unplugged' });
    });

    it('keeps the wish when an unplugged device has no successor, until there is one', async () => {
      stage.want({ audio: true, preview: true });
      await stage.capture.whenCaptured();
      spy.before = failWith('NotFoundError', ['audio']);
      unplug(stage.track('audio') as MediaStreamTrack);
      await until(() => stage.all('rtc-error').length);
      expect(stage.all('rtc-error')[0]).to.deep.include({ reverted: [] });
      expect(stage.all('rtc-error')[0]?.error).to.include({ code: 'device-missing', fatal: false });
      expect(stage.capture.state).to.equal('ended');
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
      await tick();
      expect(stage.all('rtc-error'), 'told once').to.have.length(1);
      spy.before = () => undefined;
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
      await until(() => stage.capture.state === 'live');
      expect(stage.capture.error).to.equal(null);
    });
  });

  describe('failures', () => {
    it('goes on with one device when the other fails, and tries it again with a new device', async () => {
      spy.before = failWith('NotFoundError', ['video']);
      stage.want({ audio: true, video: true });
      stage.join();
      await until(() => stage.capture.published);
      const [failure, ...more] = stage.all('rtc-error');
      expect(more).to.have.length(0);
      expect(failure).to.deep.include({ reverted: [] });
      expect(failure?.error).to.include({ code: 'device-missing', fatal: false });
      expect(stage.room.publications[0]).to.include({ hasAudio: true, hasVideo: false });
      expect(stage.capture.state).to.equal('live');
      expect(stage.capture.error?.code).to.equal('device-missing');
      spy.before = () => undefined;
      navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
      await until(() => stage.room.publications[0]?.hasVideo);
      expect(stage.capture.error).to.equal(null);
    });

    it('takes the wishes back when nothing is left, in one error for one reason', async () => {
      const { query } = Permissions.prototype;
      Permissions.prototype.query = () => Promise.resolve({ state: 'denied' } as PermissionStatus);
      spy.before = failWith('NotAllowedError', ['audio', 'video']);
      stage.want({ audio: true, video: true, preview: true });
      const failure = await stage.capture
        .whenCaptured()
        .catch((error: unknown) => error as RtcError);
      Permissions.prototype.query = query;
      expect(failure).to.include({ code: 'device-denied', fatal: true });
      expect(spy.asked).to.have.length(3);
      const errors = stage.all('rtc-error');
      expect(errors).to.have.length(1);
      expect(errors[0]?.reverted).to.deep.equal(['audio', 'video']);
      expect(errors[0]?.error.message).to.contain('microphone and camera');
      expect(stage.wish).to.include({ audio: false, video: false, preview: true });
      await tick();
      expect(stage.capture.state).to.equal('failed');
      expect(stage.capture.main).to.equal(null);
      spy.before = () => undefined;
      stage.want({ audio: true });
      await stage.capture.whenCaptured();
      expect(stage.capture.error).to.equal(null);
    });

    it('does not ask again for each when the user has closed the prompt', async () => {
      const { query } = Permissions.prototype;
      Permissions.prototype.query = () => Promise.resolve({ state: 'prompt' } as PermissionStatus);
      spy.before = failWith('NotAllowedError', ['audio', 'video']);
      stage.want({ audio: true, video: true, preview: true });
      const error = await stage.capture
        .whenCaptured()
        .catch((reason: unknown) => reason as RtcError);
      Permissions.prototype.query = query;
      expect(error).to.include({ code: 'device-denied', fatal: true });
      expect(spy.asked).to.have.length(1);
    });

    it('takes both back when both are busy', async () => {
      spy.before = failWith('NotReadableError', ['audio', 'video']);
      stage.want({ audio: true, video: true, preview: true });
      await until(() => stage.all('rtc-error').length);
      expect(stage.all('rtc-error')[0]?.error).to.include({ code: 'device-busy', fatal: true });
    });

    for (const [name, code] of [
      ['NotAllowedError', 'device-denied'],
      ['NotFoundError', 'device-missing'],
      ['OverconstrainedError', 'device-missing'],
      ['NotReadableError', 'device-busy'],
      ['AbortError', 'device-busy'],
      ['TypeError', 'unknown'],
    ] as const) {
      it(`tells ${name} as ${code}`, async () => {
        spy.before = failWith(name, ['video']);
        stage.want({ video: true, preview: true });
        const error = await stage.capture
          .whenCaptured()
          .catch((reason: unknown) => reason as RtcError);
        expect(error).to.be.instanceOf(RtcError).and.include({ code });
        expect(stage.wish.video).to.equal(false);
      });
    }

    it('tells a frame that may not from a user who will not', async () => {
      const page = document as unknown as { permissionsPolicy?: unknown };
      page.permissionsPolicy = { allowsFeature: (name: string) => name !== 'camera' };
      spy.before = failWith('NotAllowedError', ['video']);
      stage.want({ video: true, preview: true });
      const error = await stage.capture
        .whenCaptured()
        .catch((reason: unknown) => reason as RtcError);
      delete page.permissionsPolicy;
      expect(error).to.include({ code: 'permissions-policy' });
      expect((error as RtcError).message).to.contain('allow="camera"');
    });

    it('says what an insecure page needs', async () => {
      Object.defineProperty(navigator, 'mediaDevices', { value: undefined, configurable: true });
      try {
        stage.want({ audio: true, preview: true });
        const error = await stage.capture
          .whenCaptured()
          .catch((reason: unknown) => reason as RtcError);
        expect(error).to.include({ code: 'insecure-context', fatal: true });
      } finally {
        Reflect.deleteProperty(navigator, 'mediaDevices');
      }
    });

    it('keeps the old device when a new one cannot be had', async () => {
      stage.want({ audio: true, preview: true });
      await stage.capture.whenCaptured();
      const before = stage.track('audio');
      stage.want({ microphoneId: 'no-such-device' });
      await until(() => stage.all('rtc-error').length);
      expect(stage.all('rtc-error')[0]).to.deep.include({ reverted: [] });
      expect(stage.all('rtc-error')[0]?.error).to.include({ code: 'device-missing', fatal: false });
      expect(stage.track('audio')).to.equal(before);
      expect(before?.readyState).to.equal('live');
    });

    it('says so to who waits for a new device, until it is not asked for any more', async () => {
      stage.want({ audio: true, preview: true });
      await stage.capture.whenCaptured();
      const failure = (): Promise<RtcError> =>
        stage.capture.whenCaptured().then(
          () => Promise.reject(new Error('It should have failed.')),
          (error: unknown) => error as RtcError,
        );
      stage.want({ microphoneId: 'no-such-device' });
      expect(await failure()).to.include({ code: 'device-missing', fatal: false });
      stage.want({ microphoneId: 'no-such-device' });
      expect(await failure(), 'asked twice').to.include({ code: 'device-missing' });
      stage.want({ microphoneId: undefined });
      await stage.capture.whenCaptured();
      expect(stage.capture.error).to.equal(null);
    });

    it('takes the wishes back when publishing is refused', async () => {
      stage.room.confirming = false;
      stage.want({ audio: true, video: true });
      stage.join();
      await until(() => stage.room.publications.length);
      const [publisher] = stage.room.publishers;
      publisher?.publishFailed(
        'main',
        new RtcError('state', 'Another one publishes.', { fatal: true }),
      );
      await tick();
      expect(stage.all('rtc-error')[0]?.reverted).to.deep.equal(['audio', 'video']);
      expect(spy.live).to.have.length(0);
    });

    it('says that nothing is asked for', async () => {
      stage.want({ preview: true });
      const error = await stage.capture
        .whenCaptured()
        .catch((reason: unknown) => reason as RtcError);
      expect(error).to.include({ code: 'argument' });
    });
  });

  describe('profile', () => {
    it('knows the 16:9 sizes and its own form', () => {
      expect(parseProfile('1080p')).to.deep.equal({ width: 1920, height: 1080, frameRate: 30 });
      expect(parseProfile('480p')).to.deep.equal({ width: 854, height: 480, frameRate: 30 });
      expect(parseProfile('120p')).to.deep.equal({ width: 214, height: 120, frameRate: 15 });
      expect(parseProfile('320x200@7')).to.deep.equal({ width: 320, height: 200, frameRate: 7 });
      for (const bad of ['', '481p', '640x480', '1e3x5@2', 'hd']) {
        expect(() => parseProfile(bad)).to.throw(RtcError);
      }
    });

    it('goes on with the microphone when the profile is none, and mends with it', async () => {
      stage.want({ audio: true, video: true, preview: true, profile: 'hd' });
      await stage.capture.whenCaptured();
      expect(stage.all('rtc-error')[0]?.error).to.include({ code: 'argument', fatal: false });
      stage.want({ profile: '240p' });
      await until(() => stage.track('video'));
      expect(stage.capture.error).to.equal(null);
    });

    it('asks for music as it is', async () => {
      stage.want({ audio: true, preview: true, audioProfile: 'music' });
      await stage.capture.whenCaptured();
      expect(spy.asked[0]?.audio).to.include({
        echoCancellation: false,
        noiseSuppression: false,
        autoGainControl: false,
      });
    });
  });

  describe('screen', () => {
    let shared: MediaStream;

    /** Headless Chromium has no screen to choose: a canvas stands in for it. */
    function choose(result: () => MediaStream): void {
      Object.defineProperty(navigator, 'userActivation', {
        value: { isActive: true },
        configurable: true,
      });
      navigator.mediaDevices.getDisplayMedia = () => Promise.resolve().then(result);
    }
    beforeEach(() => {
      const canvas = document.createElement('canvas');
      canvas.getContext('2d');
      shared = canvas.captureStream(5);
      spy.tracks.push(...shared.getTracks());
    });

    it('is a stream of its own, beside the camera', async () => {
      choose(() => shared);
      stage.want({ video: true, screen: true, screenAudio: true });
      stage.join();
      await until(() => stage.capture.published && stage.room.publications.length === 2);
      expect(stage.room.publications.map(({ type }) => type)).to.deep.equal(['main', 'auxiliary']);
      expect(stage.capture.auxiliary).to.include({ hasVideo: true, hasAudio: false });
      stage.want({ screen: false });
      await tick();
      expect(shared.active).to.equal(false);
      expect(stage.room.publications).to.have.length(1);
    });

    it('is taken back without a gesture', async () => {
      stage.want({ screen: true });
      stage.join();
      await until(() => stage.all('rtc-error').length);
      const [failure] = stage.all('rtc-error');
      expect(failure?.error).to.include({ code: 'gesture-required', fatal: true });
      expect(failure?.reverted).to.deep.equal(['screen']);
      for (const track of shared.getTracks()) track.stop();
    });

    it('is taken back when the user cancels, and the camera goes on', async () => {
      choose(() => {
        throw new DOMException('cancelled', 'NotAllowedError');
      });
      stage.want({ video: true, preview: true });
      await stage.capture.whenCaptured();
      stage.want({ screen: true });
      await until(() => stage.all('rtc-error').length);
      expect(stage.all('rtc-error')[0]?.error).to.include({ code: 'device-denied', fatal: true });
      expect(stage.all('rtc-error')[0]?.reverted).to.deep.equal(['screen']);
      expect(stage.wish).to.include({ video: true, screen: false });
      expect(stage.capture).to.include({ state: 'live', error: null });
      for (const track of shared.getTracks()) track.stop();
    });

    it('ends with the browser’s own button', async () => {
      choose(() => shared);
      stage.want({ screen: true, preview: true });
      await stage.capture.whenCaptured();
      const { auxiliary } = stage.capture;
      unplug(shared.getVideoTracks()[0] as MediaStreamTrack);
      await tick();
      expect(stage.all('rtc-screen-sharing-stopped')[0]?.stream).to.equal(auxiliary);
      expect(stage.all('rtc-error')).to.have.length(0);
      expect(stage.wish.screen).to.equal(false);
      expect(stage.capture.auxiliary).to.equal(null);
    });
  });

  describe('the page’s own stream and processor', () => {
    function ownStream(): MediaStream {
      const canvas = document.createElement('canvas');
      canvas.getContext('2d');
      return canvas.captureStream(5);
    }

    it('takes a MediaStream instead of devices and never stops or switches off its tracks', async () => {
      const mediaStream = ownStream();
      const [video] = mediaStream.getTracks();
      stage.want({ mediaStream });
      stage.join();
      await until(() => stage.capture.published);
      expect(spy.asked).to.have.length(0);
      expect(stage.room.publications[0]).to.include({ hasAudio: false, hasVideo: true, video });
      stage.want({ videoMuted: true });
      await tick();
      expect(stage.room.publications[0]).to.include({ hasVideo: true, video: null });
      expect(video).to.include({ readyState: 'live', enabled: true });
      stage.want({ videoMuted: false, mediaStream: null });
      await tick();
      expect(stage.room.publications).to.have.length(0);
      expect(video?.readyState).to.equal('live');
      video?.stop();
    });

    it('follows tracks that come and end', async () => {
      const mediaStream = ownStream();
      stage.want({ mediaStream, preview: true });
      await stage.capture.whenCaptured();
      const [audio] = (await navigator.mediaDevices.getUserMedia({ audio: true })).getTracks();
      mediaStream.addTrack(audio as MediaStreamTrack);
      mediaStream.dispatchEvent(new Event('addtrack'));
      await until(() => stage.track('audio'));
      unplug(audio as MediaStreamTrack);
      await tick();
      expect(stage.capture.main).to.include({ hasAudio: false, hasVideo: true });
      unplug(mediaStream.getVideoTracks()[0] as MediaStreamTrack);
      await tick();
      expect(stage.capture.state).to.equal('ended');
    });

    it('publishes and shows what the processor makes, and stops both', async () => {
      const made = ownStream().getTracks()[0] as MediaStreamTrack;
      let signal: AbortSignal | undefined;
      stage.want({
        video: true,
        trackProcessor: (_track, context) => {
          signal = context.signal;
          return Promise.resolve(made);
        },
      });
      stage.join();
      await until(() => stage.capture.published);
      expect(stage.track('video')).to.equal(made);
      expect(stage.room.publications[0]?.video).to.equal(made);
      expect(signal?.aborted).to.equal(false);
      stage.want({ video: false });
      await tick();
      expect(signal?.aborted).to.equal(true);
      expect(made.readyState).to.equal('ended');
      expect(spy.live).to.have.length(0);
    });

    it('sends nothing any more when another processor fails, or makes nothing', async () => {
      stage.want({ video: true, preview: true });
      await until(() => stage.track('video'));
      stage.want({ trackProcessor: () => undefined as unknown as MediaStreamTrack });
      await until(() => stage.all('rtc-error').length);
      expect(stage.capture.error).to.include({ code: 'argument' });
      expect(stage.track('video')).to.equal(undefined);
      expect(spy.live).to.have.length(0);
    });

    it('sends nothing unprocessed when the processor fails', async () => {
      stage.want({
        audio: true,
        video: true,
        preview: true,
        trackProcessor: (track, { kind }) => {
          if (kind === 'video') throw new Error('no model');
          return track;
        },
      });
      await until(() => stage.all('rtc-error').length);
      await tick();
      expect(stage.capture.error?.message).to.contain('no model');
      expect(stage.track('video')).to.equal(undefined);
      expect(spy.live.map(({ kind }) => kind)).to.deep.equal(['audio']);
    });
  });
});
