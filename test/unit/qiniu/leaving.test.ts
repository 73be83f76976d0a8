/** Qiniu: leaving, in every state in which the SDK may be. */
import { expect } from '@open-wc/testing';
import type { RtcError } from '../../../src/core/errors.js';
import { publication } from '../publication.js';
import { picture, REQUEST, roomToken, settled, setUp, type FakeClient } from './fake-sdk.js';

const { signal } = new AbortController();

/** As the SDK has it inside. */
interface Signaling {
  ws?: WebSocket;
  initWs(first?: boolean, socket?: { close(): void }): Promise<unknown>;
}

function insideOf(
  native: FakeClient,
  asked: boolean,
): { signaling: Signaling; opened: () => number } {
  let opened = 0;
  const signaling: Signaling = {
    ...(asked && { ws: {} as WebSocket }),
    initWs: () => {
      opened += 1;
      return Promise.resolve();
    },
  };
  native.session = { signaling };
  return { signaling, opened: () => opened };
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'it did not fail',
    (error: unknown) => (error as RtcError).code,
  );
}

/** A join under way in the SDK. */
async function joining(asked: boolean) {
  const made = setUp();
  let enter = (): void => undefined;
  made.sdk.joining = () => new Promise((resolve) => (enter = resolve));
  const abort = new AbortController();
  const code = codeOf(made.client.join(REQUEST, abort.signal));
  await settled();
  const native = made.sdk.client;
  return { ...made, ...insideOf(native, asked), native, abort, code, enter: () => enter() };
}

describe('qiniu: leaving while joining', () => {
  it('leaves at once where nobody was asked to be let in', async () => {
    const { native, abort, code, enter } = await joining(false);
    abort.abort();
    expect(await code).to.equal('aborted');
    expect(native.named('leave')).to.have.length(1);
    enter();
  });

  it('closes the socket that was just opening', async () => {
    const { signaling, opened, abort, enter } = await joining(false);
    abort.abort();
    await settled();
    let closed = 0;
    void signaling.initWs(true, { close: () => (closed += 1) });
    expect([opened(), closed]).to.deep.equal([0, 1]);
    enter();
  });

  it('waits to be let in where it has asked, and then says goodbye', async () => {
    const { native, abort, code, enter } = await joining(true);
    abort.abort();
    expect(await code).to.equal('aborted');
    expect(native.named('leave')).to.have.length(0);
    native.emit('connection-state-changed', 'CONNECTED');
    await settled();
    expect(native.named('leave')).to.have.length(1);
    enter();
  });

  it('leaves where it has asked and was refused', async () => {
    const { native, abort, enter } = await joining(true);
    abort.abort();
    enter();
    await settled();
    expect(native.named('leave')).to.have.length(1);
  });

  it('holds up the next join until then', async () => {
    const first = await joining(true);
    first.abort.abort();
    await settled();
    const second = setUp();
    const joined = second.client.join(REQUEST, signal);
    await settled();
    expect(second.sdk.clients).to.have.length(0);
    first.native.emit('connection-state-changed', 'CONNECTED');
    await joined;
    expect(second.sdk.clients).to.have.length(1);
    second.client.destroy();
    first.enter();
  });

  it('leaves a join that destroy() overtakes', async () => {
    const { client, native, code, enter } = await joining(true);
    client.destroy();
    enter();
    expect(await code).to.equal('aborted');
    await settled();
    expect(native.named('leave')).to.have.length(1);
  });
});

describe('qiniu: leaving', () => {
  async function joined(mode: 'rtc' | 'live' = 'rtc') {
    const made = setUp({ mode });
    const credentials = { token: roomToken({ permission: 'admin' }) };
    await made.client.join({ ...REQUEST, credentials }, signal);
    return { ...made, native: made.sdk.client };
  }

  it('lets no reconnect that is due come after it', async () => {
    const { client, native } = await joined();
    const { signaling, opened } = insideOf(native, true);
    native.emit('connection-state-changed', 'RECONNECTING');
    await client.leave();
    void signaling.initWs();
    expect([opened(), native.named('leave').length]).to.deep.equal([0, 1]);
  });

  it('ends what waits for an answer that comes no more', async () => {
    const { client, native } = await joined('live');
    native.setClientRole = native.kickOutUser = () => new Promise(() => undefined);
    const codes = [
      codeOf(client.switchRole('audience', {}, signal)),
      codeOf(client.kick?.('bob') ?? Promise.resolve()),
    ];
    await settled();
    await client.leave();
    expect(await Promise.all(codes)).to.deep.equal(['aborted', 'aborted']);
  });

  it('asks nothing of the SDK after waiting for a connection that did not come back', async () => {
    const { client, native } = await joined('live');
    const before = native.named('role').length;
    native.emit('connection-state-changed', 'RECONNECTING');
    const code = codeOf(client.switchRole('anchor', {}, signal));
    native.emit('connection-state-changed', 'DISCONNECTED', { reason: 'ERROR', errorCode: 10007 });
    expect(await code).to.equal('aborted');
    expect(native.named('role')).to.have.length(before);
  });

  it('publishes nothing that the leave overtakes', async () => {
    const { client, native } = await joined();
    const video = picture();
    let publish = (): void => undefined;
    native.publish = (tracks) =>
      new Promise((resolve) => {
        publish = () => {
          native.published.push(...tracks);
          resolve();
        };
      });
    const publishing = client.publish(publication({ hasAudio: false, video }), signal);
    await settled();
    await client.leave();
    publish();
    await publishing;
    const [track] = native.published;
    expect([track?.destroyed, track?.media === video]).to.deep.equal([true, false]);
    expect(video.readyState).to.equal('live');
  });
});

describe('qiniu: the role after a lost connection', () => {
  it('is asked for anew, as the SDK comes back with that of the join', async () => {
    const { client, sdk } = setUp({ mode: 'live' });
    await client.join({ ...REQUEST, role: 'audience' }, signal);
    await client.switchRole('anchor', {}, signal);
    sdk.client.emit('connection-state-changed', 'RECONNECTING');
    sdk.client.emit('connection-state-changed', 'RECONNECTED');
    expect(sdk.client.named('role')).to.deep.equal([
      ['AUDIENCE'],
      ['BROADCASTER'],
      ['BROADCASTER'],
    ]);
    client.destroy();
  });

  it('is none in a call', async () => {
    const { client, sdk } = setUp();
    await client.join(REQUEST, signal);
    sdk.client.emit('connection-state-changed', 'RECONNECTED');
    expect(sdk.client.named('role')).to.deep.equal([]);
    client.destroy();
  });
});
