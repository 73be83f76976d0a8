import { aTimeout, expect, fixture, html, nextFrame, oneEvent } from '@open-wc/testing';
import type { RtcError } from '../../../src/core/errors.js';
import type { RtcLocalStream } from '../../../src/elements/rtc-local-stream/rtc-local-stream.js';
import type { RtcRoom } from '../../../src/elements/rtc-room/rtc-room.js';
import { registerLocale } from '../../../src/texts.js';
import { Backend, tasks } from './helpers.js';

describe('rtc-local-stream', () => {
  it('captures nothing that no attribute asks for', async () => {
    const local = await fixture<RtcLocalStream>(
      html`<rtc-local-stream video="false" preview></rtc-local-stream>`,
    );
    await tasks();
    expect(local.captureState).to.equal('idle');
    expect(local.getAttribute('capture-state')).to.equal('idle');
  });

  it('shows the camera mirrored, and stops it one task after its removal', async () => {
    const local = await fixture<RtcLocalStream>(
      html`<rtc-local-stream video preview></rtc-local-stream>`,
    );
    if (local.captureState !== 'live') {
      while ((await oneEvent(local, 'rtc-capture-state-changed')).detail.state !== 'live');
    }
    const video = local.renderRoot.querySelector('video');
    const track = (video?.srcObject as MediaStream).getVideoTracks()[0];
    await local.updateComplete;
    // Firefox says that its fake camera looks away from the user.
    const front = track?.getSettings().facingMode !== 'environment';
    expect(video?.classList.contains('mirror')).to.equal(front);
    local.mirror = 'on';
    await local.updateComplete;
    expect(video?.classList.contains('mirror')).to.be.true;
    local.mirror = 'off';
    await local.updateComplete;
    expect(video?.classList.contains('mirror')).to.be.false;
    const parent = local.parentElement;
    local.remove();
    parent?.append(local);
    await tasks();
    expect(track?.readyState).to.equal('live');
    local.remove();
    await tasks(50);
    expect(track?.readyState).to.equal('ended');
  });

  it('made by a script: initialize() waits for the document, and is live then', async () => {
    const local = document.createElement('rtc-local-stream');
    local.audio = true;
    const initialized = local.initialize();
    const holder = await fixture(html`<div></div>`);
    holder.append(local);
    await initialized;
    expect(local.captureState).to.equal('live');
  });

  it('publish() before the room is joined resolves when the room has it', async () => {
    const { name } = new Backend('local-publish');
    const room = await fixture<RtcRoom>(
      html`<rtc-room provider=${name} room-id="r" user-id="me">
        <rtc-local-stream audio no-publish></rtc-local-stream>
      </rtc-room>`,
    );
    const local = room.querySelector('rtc-local-stream') as RtcLocalStream;
    const published = local.publish();
    expect(await Promise.race([published, aTimeout(50).then(() => 'waits')])).to.equal('waits');
    room.joined = true;
    await published;
    expect(local.published).to.equal(true);
  });

  it('publish() says what is missing', async () => {
    const local = await fixture<RtcLocalStream>(html`<rtc-local-stream></rtc-local-stream>`);
    const error = await local.publish().then(
      () => null,
      (reason: unknown) => reason as RtcError,
    );
    expect(error?.code).to.equal('argument');
    expect(error?.message).to.contain('set audio, video or screen');
  });

  it('rejects each call that the same task overtakes', async () => {
    const local = await fixture<RtcLocalStream>(html`<rtc-local-stream audio></rtc-local-stream>`);
    const code = (call: Promise<void>): Promise<string> =>
      call.then(
        () => 'done',
        (error: unknown) => (error as RtcError).code,
      );
    const overtaken = [code(local.initialize())];
    local.preview = false;
    overtaken.push(code(local.publish()));
    const last = [code(local.unpublish())];
    overtaken.push(code(local.switchDevice('microphone', 'a')));
    void code(local.switchDevice('microphone', 'b'));
    overtaken.push(code(local.initialize()));
    last.push(code(local.close()));
    expect(await Promise.all(overtaken)).to.eql(['aborted', 'aborted', 'aborted', 'aborted']);
    expect(await Promise.all(last)).to.eql(['done', 'done']);
  });

  it('has toggles that ask first, write a wish and tell their state', async () => {
    const local = await fixture<RtcLocalStream>(
      html`<rtc-local-stream audio controls></rtc-local-stream>`,
    );
    const microphone = (): HTMLButtonElement | null => local.renderRoot.querySelector('button');
    expect(microphone()?.getAttribute('aria-label')).to.equal('Mute microphone');
    expect(microphone()?.title).to.equal('Mute microphone');
    const asked = oneEvent(local, 'rtc-request');
    microphone()?.click();
    expect((await asked).detail).to.eql({ name: 'audio-muted', value: true });
    expect(local.hasAttribute('audio-muted')).to.be.true;
    await local.updateComplete;
    expect(microphone()?.getAttribute('aria-pressed')).to.equal('true');
    // "Unmute, pressed" would say it twice, and wrongly.
    expect(microphone()?.getAttribute('aria-label')).to.equal('Mute microphone');
    expect(local.matches(':state(muted)')).to.be.true;
    await expect(local).to.be.accessible();
    local.controls = 'camera';
    await local.updateComplete;
    expect(local.renderRoot.querySelectorAll('button')).to.have.length(1);
  });

  for (const [width, count] of [
    [600, 3],
    [152, 3],
    [128, 2],
  ] as const) {
    it(`shows ${count} buttons of 44 px, without a pointer over it, where it is ${width} px wide`, async () => {
      const holder = await fixture<HTMLElement>(
        html`<div style="width: ${width}px"><rtc-local-stream controls></rtc-local-stream></div>`,
      );
      const local = holder.firstElementChild as RtcLocalStream;
      await local.updateComplete;
      // Sized between a frame's layout and its drawing.
      await nextFrame();
      await nextFrame();
      const seen = [...local.renderRoot.querySelectorAll('button')].filter((button) =>
        button.checkVisibility({ opacityProperty: true }),
      );
      expect(seen).to.have.length(count);
      const around = local.getBoundingClientRect();
      for (const button of seen) {
        const { left, right, top, bottom, width: across, height } = button.getBoundingClientRect();
        expect([across, height]).to.eql([44, 44]);
        const outside = [left - around.left, around.right - right, top - around.top];
        expect(Math.min(...outside, around.bottom - bottom)).to.be.at.least(4);
      }
    });
  }

  it('speaks the language of the nearest lang', async () => {
    registerLocale('de', { you: 'Sie' });
    const holder = await fixture(
      html`<div lang="de-AT"><rtc-local-stream></rtc-local-stream></div>`,
    );
    const local = holder.querySelector('rtc-local-stream');
    await local?.updateComplete;
    const label = local?.renderRoot.querySelector('[part=label]');
    expect(label?.textContent?.trim()).to.equal('Sie');
  });
});
