/** Stereo, measured in the page that hears it. */
import { suite, waitFor } from './harness.js';

const e2e = suite({
  chromiumOnly: 'Firefox runs no AudioContext on a machine without a loudspeaker.',
});

e2e('stereo: music is heard in stereo', async (world) => {
  const alice = await world.open(
    'alice',
    '<rtc-room room-id="8888" user-id="alice" joined><rtc-local-stream audio-profile="music"></rtc-local-stream></rtc-room>',
  );
  await alice.eval(() => {
    const context = new AudioContext();
    const tone = new OscillatorNode(context);
    const left = new ChannelMergerNode(context, { numberOfInputs: 2 });
    const out = new MediaStreamAudioDestinationNode(context, { channelCount: 2 });
    tone.connect(left, 0, 0).connect(out);
    tone.start();
    Object.assign(window.e2e.find('rtc-local-stream'), { mediaStream: out.stream });
  });
  const bob = await world.open('bob', '<rtc-room room-id="8888" user-id="bob" joined></rtc-room>');
  await bob.waitForEvent('rtc-stream-subscribed');
  await bob.waitForSound();
  /** How loud the left and the right channel are. */
  const channels = (): Promise<number[]> =>
    bob.eval(async () => {
      const video = window.e2e.find('rtc-remote-stream').shadowRoot?.querySelector('video');
      const context = new AudioContext();
      const split = new ChannelSplitterNode(context, { numberOfOutputs: 2 });
      const source = context.createMediaStreamSource(video?.srcObject as MediaStream);
      source.connect(split);
      const ears = [0, 1].map((channel) => {
        const ear = new AnalyserNode(context);
        split.connect(ear, channel);
        return ear;
      });
      await new Promise((resolve) => setTimeout(resolve, 500));
      const loud = ears.map((ear) => {
        const samples = new Float32Array(ear.fftSize);
        ear.getFloatTimeDomainData(samples);
        return Math.max(...samples.map(Math.abs));
      });
      await context.close();
      return loud;
    });
  await waitFor(
    'the tone is heard on the left only',
    async () => {
      const [left = 0, right = 0] = await channels();
      return left > 0.3 && right < left / 10;
    },
    channels,
  );
});
