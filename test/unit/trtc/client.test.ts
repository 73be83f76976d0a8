import { aTimeout, expect, waitUntil } from '@open-wc/testing';
import { RtcError } from '../../../src/core/errors.js';
import type {
  Client,
  ClientEvent,
  DefaultSubscription,
  JoinResult,
  Publication,
} from '../../../src/drivers/driver.js';
import { trtc } from '../../../src/drivers/trtc/index.js';
import { publication } from '../publication.js';
import { FakeRemoteStream, FakeSdk, type FakeClient } from './fake-sdk.js';

const { signal } = new AbortController();
const ALL: DefaultSubscription = { audio: true, video: true };
const NOTHING: DefaultSubscription = { audio: false, video: false };

let sdk: FakeSdk;
const open: Client[] = [];
const tracks: MediaStreamTrack[] = [];

function track(): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.getContext('2d');
  const [made] = canvas.captureStream(0).getVideoTracks();
  if (!made) throw new Error('no track');
  tracks.push(made);
  return made;
}

/** The camera alone. */
const camera = (video: MediaStreamTrack | null, change: Partial<Publication> = {}): Publication =>
  publication({ hasAudio: false, video, width: 160, height: 120, frameRate: 10, ...change });

interface Stay {
  client: Client;
  native: () => FakeClient;
  events: ClientEvent[];
  joined: Promise<JoinResult>;
}

function enter(userId = 'alice', subscribe = NOTHING): Stay {
  const events: ClientEvent[] = [];
  const client = trtc.createClient(
    { roomId: '8888', mode: 'live', link: false, userId, appId: '1', options: {} },
    (event) => void events.push(event),
  );
  open.push(client);
  const joined = client.join(
    { credentials: { token: 'sig' }, role: 'anchor', userData: '', publications: [], subscribe },
    signal,
  );
  joined.catch(() => undefined);
  const native = (): FakeClient => client.native as FakeClient;
  return { client, native, events, joined };
}

async function failure(promise: Promise<unknown>): Promise<RtcError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RtcError) return error;
  throw new Error(`not an RtcError: ${String(error)}`);
}

const waiting = (native: FakeClient, name: string): Promise<void> =>
  waitUntil(() => native.pending.some((one) => one.name === name), `${name} is called`);

describe('trtc: a client', () => {
  beforeEach(() => {
    sdk = new FakeSdk();
  });

  afterEach(async () => {
    for (const client of sdk.clients) {
      client.held.clear();
      for (const { resolve } of client.pending.splice(0)) resolve();
    }
    await Promise.all(open.splice(0).map((client) => client.leave()));
    for (const one of tracks.splice(0)) one.stop();
    sdk.remove();
  });

  it('tells users and streams of before the answer with the join, those of later by events', async () => {
    sdk = new FakeSdk((client) => client.held.add('join'));
    const { native, events, joined } = enter();
    await waitUntil(() => native()?.pending.length === 1);
    native().fire('peer-join', { userId: 'bob' });
    native().fire('stream-added', { stream: new FakeRemoteStream('bob') });
    native().next('join').resolve();
    const { users, streams } = await joined;
    native().fire('peer-join', { userId: 'carol' });
    expect(users.map(({ userId }) => userId)).to.deep.equal(['bob']);
    expect(streams.map(({ userId }) => userId)).to.deep.equal(['bob']);
    expect(events.map(({ type }) => type)).to.deep.equal(['user-joined']);
  });

  it('switches the SDK’s own subscribing and dialogs off', async () => {
    const { native, joined } = enter();
    await joined;
    expect(native().config).to.include({ autoSubscribe: false, enableAutoPlayDialog: false });
  });

  it('does not join before the same user has left the same room of this page', async () => {
    const first = enter();
    await first.joined;
    first.native().held.add('leave');
    first.client.destroy();
    const second = enter();
    const other = enter('bob');
    await other.joined;
    expect(second.native()).to.equal(null);
    first.native().next('leave').resolve();
    await second.joined;
    expect(second.native().calls).to.deep.equal(['join']);
  });

  it('leaves after a ban, and says nothing more', async () => {
    const { native, events, joined } = enter();
    await joined;
    const banned = native();
    banned.fire('client-banned', { reason: 'room-disband' });
    banned.fire('peer-join', { userId: 'bob' });
    await waitUntil(() => banned.calls.includes('destroy'));
    expect(banned.calls).to.deep.equal(['join', 'leave', 'destroy']);
    expect(events).to.deep.equal([
      { type: 'ended', reason: 'room_disband', message: 'The room was dismissed.' },
    ]);
  });

  it('ends a join under way by destroy(), as leave() would wait for it', async () => {
    sdk = new FakeSdk((client) => client.held.add('join'));
    const { client, native, joined } = enter();
    await waitUntil(() => native()?.pending.length === 1);
    const joining = native();
    client.destroy();
    expect(joining.calls).to.deep.equal(['join', 'destroy']);
    joining.next('join').reject(new Error('destroyed'));
    const ended: unknown = await joined.catch((reason: unknown) => reason);
    expect(ended).to.be.instanceOf(Error);
  });

  it('is destroyed when it cannot leave, and may be joined again', async () => {
    const { client, native, joined } = enter();
    await joined;
    const left = native();
    left.held.add('leave');
    const leaving = client.leave();
    left.next('leave').reject(new Error('no network'));
    await leaving;
    expect(left.calls).to.deep.equal(['join', 'leave', 'destroy']);
    await enter().joined;
  });

  it('gives up a join that waits for its earlier stay when it is destroyed', async () => {
    const first = enter();
    await first.joined;
    const before = first.native();
    before.held.add('leave');
    first.client.destroy();
    const second = enter();
    await aTimeout(0);
    second.client.destroy();
    expect((await failure(second.joined)).code).to.equal('aborted');
    before.next('leave').resolve();
    expect(sdk.clients.length).to.equal(1);
  });

  it('does not wait for what is asked of a stream when that ends', async () => {
    const { client, native, joined } = enter();
    await joined;
    const stream = new FakeRemoteStream('bob');
    native().fire('stream-added', { stream });
    native().held.add('subscribe');
    const subscribing = client.subscribe('bob main', ALL, signal);
    await waiting(native(), 'subscribe');
    native().fire('stream-removed', { stream });
    expect((await failure(subscribing)).code).to.equal('stream-gone');
  });

  it('does not wait for what is being published when it leaves, and keeps our tracks', async () => {
    const { client, native, joined } = enter();
    await joined;
    native().held.add('publish');
    const picture = track();
    const publishing = client.publish(camera(picture), signal);
    await waiting(native(), 'publish');
    const left = native();
    await client.leave();
    expect((await failure(publishing)).code).to.equal('aborted');
    left.next('publish').reject(new Error('leave room'));
    await waitUntil(() => sdk.streams[0]?.closed);
    expect(picture.readyState).to.equal('live');
  });

  it('publishes one stream after the other', async () => {
    const { client, native, joined } = enter();
    await joined;
    native().held.add('publish');
    const both = Promise.all([
      client.publish(camera(track()), signal),
      client.publish(camera(track(), { type: 'auxiliary' }), signal),
    ]);
    await waiting(native(), 'publish');
    await aTimeout(0);
    expect(native().pending.length).to.equal(1);
    native().next('publish').resolve();
    await waiting(native(), 'publish');
    native().next('publish').resolve();
    await both;
  });

  it('publishes nothing that waited while the role changed', async () => {
    const { client, native, joined } = enter();
    await joined;
    native().held.add('publish');
    const first = client.publish(camera(track()), signal);
    await waiting(native(), 'publish');
    const second = client.publish(camera(track(), { type: 'auxiliary' }), signal);
    await client.switchRole('audience', {}, signal);
    expect((await failure(first)).code).to.equal('aborted');
    expect((await failure(second)).code).to.equal('aborted');
    native().next('publish').resolve();
    await waitUntil(() => sdk.streams[0]?.closed, 'what was published after all is let go');
    expect(native().calls.filter((name) => name === 'publish').length).to.equal(1);
    expect(native().calls).to.include('unpublish');
  });

  it('changes what is published in place', async () => {
    const { client, joined } = enter();
    await joined;
    await client.publish(camera(track()), signal);
    const [stream] = sdk.streams;
    stream?.calls.splice(0);
    await client.publish(camera(track()), signal);
    await client.publish(camera(null, { videoMuted: true }), signal);
    expect(stream?.calls).to.deep.equal(['replaceTrack', 'replaceTrack', 'muteVideo']);
    expect(sdk.streams.length).to.equal(1);
  });

  it('shows the SDK a track that comes back only after it is unmuted', async () => {
    const { client, joined } = enter();
    await joined;
    await client.publish(camera(null, { videoMuted: true }), signal);
    const [stream] = sdk.streams;
    stream?.calls.splice(0);
    await client.publish(camera(track()), signal);
    expect(stream?.calls).to.deep.equal(['unmuteVideo', 'replaceTrack']);
  });

  it('publishes again when the way back to audience was refused', async () => {
    const { client, native, joined } = enter();
    await joined;
    await client.publish(camera(track()), signal);
    native().held.add('switchRole');
    const switching = client.switchRole('audience', {}, signal);
    await waiting(native(), 'switchRole');
    native().next('switchRole').reject(new Error('refused'));
    await switching.catch(() => undefined);
    await waitUntil(() => native().calls.filter((name) => name === 'publish').length === 2);
  });

  it('gives the SDK the key of the role before it switches', async () => {
    const { client, native, joined } = enter();
    await joined;
    await client.switchRole('anchor', { privateMapKey: 'key' }, signal);
    expect(native().calls.slice(-2)).to.deep.equal(['callExperimentalAPI', 'switchRole']);
  });

  describe('receives', () => {
    it('what the join asked for, of streams as they come', async () => {
      const { native, events, joined } = enter('alice', ALL);
      await joined;
      const stream = new FakeRemoteStream('bob');
      stream.tracks.video = track();
      native().fire('stream-added', { stream });
      await waitUntil(() => events.some(({ type }) => type === 'track'));
      expect(native().calls).to.include('subscribe');
    });

    it('that until it does', async () => {
      const { native, events, joined } = enter('alice', ALL);
      await joined;
      native().held.add('subscribe');
      native().fire('stream-added', { stream: new FakeRemoteStream('bob') });
      await waiting(native(), 'subscribe');
      const late = Object.assign(new Error('timeout'), { getCode: () => 0x404b });
      native().next('subscribe').reject(late);
      await waiting(native(), 'subscribe');
      native().next('subscribe').resolve();
      expect(events.filter(({ type }) => type === 'stream-health').length).to.equal(1);
    });

    it('nothing of others than it asked for', async () => {
      const { native, joined } = enter('alice', { ...ALL, only: ['carol'] });
      await joined;
      native().fire('stream-added', { stream: new FakeRemoteStream('bob') });
      await aTimeout(0);
      expect(native().calls).to.deep.equal(['join']);
    });

    it('the screen as a picture alone', async () => {
      const { client, native, joined } = enter();
      await joined;
      native().fire('stream-added', { stream: new FakeRemoteStream('bob', 'auxiliary') });
      native().held.add('subscribe');
      const subscribed = client.subscribe('bob auxiliary', ALL, signal);
      await waiting(native(), 'subscribe');
      const { args, resolve } = native().next('subscribe');
      expect(args[1]).to.deep.equal({ audio: false, video: true });
      resolve();
      await subscribed;
    });

    it('other tracks after a connection came back', async () => {
      const { client, native, events, joined } = enter();
      await joined;
      const stream = new FakeRemoteStream('bob');
      stream.tracks.video = track();
      native().fire('stream-added', { stream });
      await client.subscribe('bob main', ALL, signal);
      stream.fire('connection-state-changed', { state: 'RECONNECTING' });
      const second = (stream.tracks.video = track());
      stream.fire('connection-state-changed', { state: 'CONNECTED' });
      expect(events.slice(-3).map(({ type }) => type)).to.deep.equal([
        'stream-health',
        'track',
        'stream-health',
      ]);
      expect(events.find((event) => event.type === 'track' && event.track === second)).to.exist;
    });

    it('no stream that is gone', async () => {
      const { client, native, joined } = enter();
      await joined;
      const stream = new FakeRemoteStream('bob');
      native().fire('stream-added', { stream });
      native().held.add('subscribe');
      const subscribing = client.subscribe('bob main', ALL, signal);
      await waiting(native(), 'subscribe');
      native().fire('stream-removed', { stream });
      native().next('subscribe').reject(new Error('unpublished'));
      expect((await failure(subscribing)).code).to.equal('stream-gone');
      expect((await failure(client.subscribe('bob main', ALL, signal))).code).to.equal(
        'stream-gone',
      );
    });
  });

  it('calls nobody muted who publishes nothing of the kind', async () => {
    const { native, events, joined } = enter();
    await joined;
    native().fire('stream-added', { stream: new FakeRemoteStream('bob') });
    native().fire('mute-audio', { userId: 'bob' });
    native().fire('mute-audio', { userId: 'carol' });
    const updated = events.filter((event) => event.type === 'stream-updated');
    expect(updated.map(({ stream }) => [stream.userId, stream.audioMuted])).to.deep.equal([
      ['bob', true],
    ]);
  });

  it('says once that it reconnects, and repeats then what is muted', async () => {
    const { client, native, events, joined } = enter();
    await joined;
    await client.publish(camera(null, { videoMuted: true }), signal);
    const [stream] = sdk.streams;
    stream?.calls.splice(0);
    for (const state of ['DISCONNECTED', 'RECONNECTING', 'RECONNECTING', 'CONNECTED'])
      native().fire('connection-state-changed', { state });
    expect(events.map(({ type }) => type)).to.deep.equal(['reconnecting', 'reconnected']);
    expect(stream?.calls).to.deep.equal(['muteVideo']);
  });
});
