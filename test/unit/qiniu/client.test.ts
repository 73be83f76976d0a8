import { expect } from '@open-wc/testing';
import type { RtcError } from '../../../src/core/errors.js';
import type { ClientEvent } from '../../../src/drivers/driver.js';
import { qiniu } from '../../../src/drivers/qiniu/index.js';
import { publication } from '../publication.js';
import { FakeTrack, picture, REQUEST, roomToken, settled, setUp } from './fake-sdk.js';

const { signal } = new AbortController();
const MAIN = publication({ hasAudio: false, height: 480 });

async function joined(more = {}, request = {}) {
  const made = setUp(more);
  const result = await made.client.join({ ...REQUEST, ...request }, signal);
  return { ...made, result, native: made.sdk.client };
}

function refusal(run: () => unknown): Promise<RtcError> {
  return Promise.resolve()
    .then(run)
    .then(
      () => {
        throw new Error('it was not refused');
      },
      (error: unknown) => error as RtcError,
    );
}

function typesOf(events: ClientEvent[]): string[] {
  return events.map(({ type }) => type);
}

describe('qiniu: joining', () => {
  it('sets mode and role before each join of a live room', async () => {
    const { native } = await joined({ mode: 'live' }, { role: 'audience' });
    expect(native.calls.slice(0, 3)).to.deep.equal([
      ['mode', 'LIVE'],
      ['role', 'AUDIENCE'],
      ['join', REQUEST.credentials.token, 'Alice'],
    ]);
  });

  it('sets no role in a call, where the SDK throws', async () => {
    const { native } = await joined();
    expect(native.named('role')).to.deep.equal([]);
  });

  it('tells who and what was there before', async () => {
    const { client, sdk } = setUp({ mode: 'live' });
    sdk.joining = () => {
      const native = sdk.client;
      native.emit('user-joined', 'bob', 'Bob');
      native.emit('user-joined', 'carol', undefined);
      native.emit('user-published', 'bob', [new FakeTrack('t1', 'bob', 'video', 'camera')]);
      return Promise.resolve();
    };
    const { users, streams } = await client.join(REQUEST, signal);
    expect(users).to.deep.equal([
      { id: 'bob', userId: 'bob', userData: 'Bob', userRole: 'anchor' },
      { id: 'carol', userId: 'carol', userData: '', userRole: 'audience' },
    ]);
    expect(streams.map(({ id, hasAudio, hasVideo }) => [id, hasAudio, hasVideo])).to.deep.equal([
      ['bob:main', false, true],
    ]);
    client.destroy();
  });

  it('quiets the SDK, whose log holds the tokens', async () => {
    const { sdk } = await joined({ options: { requestTimeout: 1_001 } });
    expect(sdk.logLevel).to.equal('NONE');
  });

  it('hands driver-options to setConfig', async () => {
    const mcuServerHosts = ['https://rtc.example.com'];
    const { sdk } = await joined({ options: { mcuServerHosts, reconnectTimes: 7 } });
    expect(sdk.configs).to.deep.equal([
      {
        transportPolicy: 'preferUdp',
        simulcast: false,
        reconnectTimes: 7,
        requestTimeout: 5_000,
        mcuServerHosts,
      },
    ]);
  });

  it('leaves and makes a new client for each attempt', async () => {
    const { client, sdk } = setUp();
    sdk.joining = () => Promise.reject(new TypeError('no accessToken'));
    const error = await refusal(() => client.join(REQUEST, signal));
    expect(error.code).to.equal('auth');
    expect(sdk.client.named('leave')).to.have.length(1);
  });

  it('takes the code from the disconnection, not from the promise', async () => {
    const { client, sdk } = setUp();
    sdk.joining = () => {
      sdk.client.emit('connection-state-changed', 'DISCONNECTED', {
        reason: 'ERROR',
        errorCode: 10011,
      });
      return Promise.reject(Object.assign(new Error('reconnect failed'), { code: 21003 }));
    };
    const error = await refusal(() => client.join(REQUEST, signal));
    expect(error.code).to.equal('room-full');
  });

  it('refuses a join that was let in and put out before it settled', async () => {
    const { client, sdk } = setUp();
    sdk.joining = () => {
      sdk.client.emit('connection-state-changed', 'CONNECTED');
      sdk.client.emit('connection-state-changed', 'DISCONNECTED', { reason: 'KICKED_OUT' });
      return Promise.resolve();
    };
    const error = await refusal(() => client.join(REQUEST, signal));
    expect(error).to.include({ code: 'forbidden', vendorCode: 10006 });
  });

  it('gives up a join that is aborted, and leaves', async () => {
    const { client, sdk } = setUp();
    const controller = new AbortController();
    let settle = (): void => undefined;
    sdk.joining = () => {
      setTimeout(() => controller.abort());
      return new Promise((resolve) => {
        settle = resolve;
      });
    };
    const error = await refusal(() => client.join(REQUEST, controller.signal));
    // As the SDK does once the room is left.
    settle();
    expect(error.code).to.equal('aborted');
    expect(sdk.client.named('leave')).to.have.length(1);
  });

  it('does not pile up joins that do not settle', async () => {
    const { sdk } = setUp();
    const ends: (() => void)[] = [];
    sdk.joining = () => new Promise((resolve) => ends.push(resolve));
    const controllers = [1, 2, 3, 4].map(() => new AbortController());
    const attempts: Promise<RtcError>[] = [];
    for (const controller of controllers) {
      const client = qiniu.createClient(
        { roomId: 'r1', mode: 'rtc', link: false, options: {} },
        () => undefined,
      );
      attempts.push(refusal(() => client.join(REQUEST, controller.signal)));
      await settled();
      if (controller !== controllers[3]) controller.abort();
    }
    const before = sdk.clients.length;
    ends[0]?.();
    await settled();
    const after = sdk.clients.length;
    controllers[3]?.abort();
    for (const end of ends) end();
    await Promise.all(attempts);
    expect([before, after]).to.deep.equal([3, 4]);
  });
});

describe('qiniu: tokens and options', () => {
  const wrong: [what: string, token: string | undefined, says: RegExp][] = [
    ['none', undefined, /token-url/],
    ['what is no RoomToken', 'eyJhbGciOiJIUzI1NiJ9.e30.x', /not a RoomToken/],
    ['another room’s', roomToken({ roomName: 'r2' }), /“r2”, not “r1”/],
    ['another user’s', roomToken({ userId: 'bob' }), /“bob”, not “alice”/],
  ];
  for (const [what, token, says] of wrong) {
    it(`refuses ${what} before it asks Qiniu`, async () => {
      const { client, sdk } = setUp();
      const error = await refusal(() =>
        client.join({ ...REQUEST, credentials: { token } }, signal),
      );
      expect(error.code).to.equal('auth');
      expect(error.message).to.match(says);
      expect(sdk.clients).to.have.length(0);
    });
  }

  it('refuses another app’s', async () => {
    const { client } = setUp({ appId: 'other' });
    const error = await refusal(() => client.join(REQUEST, signal));
    expect(error.message).to.match(/“app”, not “other”/);
  });

  it('takes the user from the token where the page names none', async () => {
    const { result } = await joined({ userId: undefined });
    expect(result.userId).to.equal('alice');
  });

  for (const [key, value] of Object.entries({
    transportPolicy: 'udp',
    simulcast: 'yes',
    reconnectTimes: 0,
    requestTimeout: '5s',
    mcuServerHosts: ['rtc.example.com'],
  })) {
    it(`refuses driver-options with ${key}: ${JSON.stringify(value)}`, async () => {
      const error = await refusal(() => setUp({ options: { [key]: value } }));
      expect(error.code).to.equal('argument');
      expect(error.message).to.include(key);
    });
  }
});

describe('qiniu: events', () => {
  it('tells the states of the connection', async () => {
    const { native, events, client } = await joined();
    native.emit('connection-state-changed', 'RECONNECTING');
    native.emit('connection-state-changed', 'RECONNECTED');
    expect(typesOf(events)).to.deep.equal(['reconnecting', 'reconnected']);
    client.destroy();
  });

  it('ends once, and hears nothing after', async () => {
    const { native, events } = await joined();
    const info = { reason: 'KICKED_OUT' };
    native.emit('connection-state-changed', 'DISCONNECTED', info);
    native.emit('connection-state-changed', 'DISCONNECTED', info);
    native.emit('user-joined', 'bob');
    expect(events).to.deep.equal([
      { type: 'ended', reason: 'banned', message: 'You were removed from the room.' },
    ]);
  });

  const ends: [info: object, reason: string][] = [
    [{ reason: 'ERROR', errorCode: 10002 }, 'token-expired'],
    [{ reason: 'ERROR', errorCode: 10012 }, 'room_disband'],
    [{ reason: 'ERROR', errorCode: 10022 }, 'kick'],
    [{ reason: 'ERROR', errorCode: 10007 }, 'connection-lost'],
    [{ reason: 'LEAVE' }, 'connection-lost'],
  ];
  for (const [info, reason] of ends) {
    it(`tells ${JSON.stringify(info)} as ${reason}`, async () => {
      const { native, events } = await joined();
      native.emit('connection-state-changed', 'DISCONNECTED', info);
      expect(events).to.have.length(1);
      expect(events[0]).to.include({ type: 'ended', reason });
    });
  }

  it('tells of users as they come and go', async () => {
    const { native, events, client } = await joined();
    native.emit('user-joined', 'bob', 'Bob');
    native.emit('user-left', 'bob');
    expect(events).to.deep.equal([
      {
        type: 'user-joined',
        user: { id: 'bob', userId: 'bob', userData: 'Bob', userRole: 'anchor' },
      },
      { type: 'user-left', id: 'bob' },
    ]);
    client.destroy();
  });

  it('is deaf to its own user', async () => {
    const { native, events, client } = await joined();
    native.emit('user-joined', 'alice', '');
    native.emit('message-received', { ID: '1', userID: 'alice', content: 'me', timestamp: 1 });
    expect(events).to.deep.equal([]);
    client.destroy();
  });

  it('tells messages', async () => {
    const { native, events, client } = await joined();
    native.emit('message-received', { ID: '1', userID: 'bob', content: 'hi', timestamp: 5 });
    expect(events).to.deep.equal([
      { type: 'message', id: '1', from: 'bob', data: 'hi', timestamp: 5 },
    ]);
    client.destroy();
  });

  it('tells messages that come while the SDK is still joining', async () => {
    const { client, sdk, events } = setUp();
    sdk.joining = () => {
      const message = { ID: '1', userID: 'bob', content: 'early', timestamp: 5 };
      sdk.client.emit('message-received', message);
      return Promise.resolve();
    };
    await client.join(REQUEST, signal);
    expect(events).to.deep.equal([
      { type: 'message', id: '1', from: 'bob', data: 'early', timestamp: 5 },
    ]);
    client.destroy();
  });

  it('gathers tracks to streams: a screen apart from a camera', async () => {
    const { native, events, client } = await joined();
    native.emit('user-published', 'bob', [
      new FakeTrack('a', 'bob', 'audio', 'microphone'),
      new FakeTrack('v', 'bob', 'video', 'camera'),
      new FakeTrack('s', 'bob', 'video', 'Screen-1'),
    ]);
    const added = events.flatMap((event) => (event.type === 'stream-added' ? event.stream : []));
    expect(added.map(({ id, hasAudio, hasVideo }) => [id, hasAudio, hasVideo])).to.deep.equal([
      ['bob:main', true, true],
      ['bob:auxiliary', false, true],
    ]);
    client.destroy();
  });

  it('tells a mute of one track as a change of its stream', async () => {
    const { native, events, client } = await joined();
    const track = new FakeTrack('v', 'bob', 'video');
    native.emit('user-published', 'bob', [track]);
    await settled();
    events.length = 0;
    track.mute(true);
    expect(events).to.have.length(1);
    expect(events[0]).to.deep.include({ type: 'stream-updated' });
    expect(events[0]).to.have.nested.property('stream.videoMuted', true);
    client.destroy();
  });

  it('takes away the streams of a user who left without a word', async () => {
    const { native, events, client } = await joined();
    native.emit('user-joined', 'bob');
    native.emit('user-published', 'bob', [new FakeTrack('v', 'bob', 'video')]);
    await settled();
    events.length = 0;
    native.emit('user-left', 'bob');
    expect(typesOf(events)).to.deep.equal(['stream-removed', 'user-left']);
    client.destroy();
  });

  it('takes away each track from its own user, whomever the event names', async () => {
    const { native, events, client } = await joined();
    const bobs = new FakeTrack('b', 'bob', 'video');
    const carols = new FakeTrack('c', 'carol', 'video');
    native.emit('user-published', 'bob', [bobs]);
    native.emit('user-published', 'carol', [carols]);
    await settled();
    events.length = 0;
    native.emit('user-unpublished', 'bob', [bobs, carols]);
    expect(events).to.deep.equal([
      { type: 'stream-removed', streamId: 'bob:main' },
      { type: 'stream-removed', streamId: 'carol:main' },
    ]);
    client.destroy();
  });

  it('makes an anchor of an audience that publishes in a live room', async () => {
    const { native, events, client } = await joined({ mode: 'live' });
    native.emit('user-joined', 'bob');
    native.emit('user-published', 'bob', [new FakeTrack('v', 'bob', 'video')]);
    const roles = events.flatMap((event) => ('user' in event ? event.user.userRole : []));
    expect(roles).to.deep.equal(['audience', 'anchor']);
    client.destroy();
  });
});

describe('qiniu: receiving', () => {
  it('receives new streams by the join’s default, and tells their tracks', async () => {
    const { native, events, client } = await joined(
      {},
      { subscribe: { audio: false, video: true } },
    );
    const video = new FakeTrack('v', 'bob', 'video');
    native.emit('user-published', 'bob', [new FakeTrack('a', 'bob', 'audio'), video]);
    await settled();
    expect(native.named('subscribe')).to.deep.equal([['v']]);
    expect(events.at(-1)).to.deep.equal({
      type: 'track',
      streamId: 'bob:main',
      kind: 'video',
      track: video.media,
    });
    client.destroy();
  });

  it('receives only those users whom the default names', async () => {
    const subscribe = { audio: true, video: true, only: ['carol'] };
    const { native, client } = await joined({}, { subscribe });
    native.emit('user-published', 'bob', [new FakeTrack('b', 'bob', 'video')]);
    native.emit('user-published', 'carol', [new FakeTrack('c', 'carol', 'video')]);
    await settled();
    expect(native.named('subscribe')).to.deep.equal([['c']]);
    client.destroy();
  });

  it('stops receiving what is no longer wanted', async () => {
    const { native, events, client } = await joined();
    native.emit('user-published', 'bob', [new FakeTrack('v', 'bob', 'video')]);
    await settled();
    await client.unsubscribe('bob:main', signal);
    expect(native.named('unsubscribe')).to.deep.equal([['v']]);
    expect(events.at(-1)).to.include({ type: 'track', kind: 'video', track: null });
    client.destroy();
  });

  it('refuses a stream that is not there with stream-gone', async () => {
    const { client } = await joined();
    const wanted = { audio: true, video: true };
    const error = await refusal(() => client.subscribe('bob:main', wanted, signal));
    expect(error.code).to.equal('stream-gone');
    client.destroy();
  });

  it('waits with what it asks until the connection is back', async () => {
    const { native, client } = await joined();
    native.emit('connection-state-changed', 'RECONNECTING');
    native.emit('user-published', 'bob', [new FakeTrack('v', 'bob', 'video')]);
    await settled();
    expect(native.named('subscribe')).to.deep.equal([]);
    native.emit('connection-state-changed', 'RECONNECTED');
    await settled();
    expect(native.named('subscribe')).to.deep.equal([['v']]);
    client.destroy();
  });
});

describe('qiniu: publishing', () => {
  it('sends the page’s own track, tagged, at a rate of the SDK’s presets', async () => {
    const { native, client } = await joined();
    const video = picture();
    await client.publish({ ...MAIN, video }, signal);
    const [track] = native.published;
    expect(track).to.include({ tag: 'camera', bitrate: 500, media: video });
    client.destroy();
  });

  it('never disables or stops a track of the page’s', async () => {
    const { client } = await joined();
    const video = picture();
    await client.publish({ ...MAIN, video }, signal);
    await client.publish({ ...MAIN, video, videoMuted: true }, signal);
    expect(video.enabled).to.equal(true);
    await client.publish({ ...MAIN, video }, signal);
    client.destroy();
    expect([video.enabled, video.readyState]).to.deep.equal([true, 'live']);
  });

  it('publishes a muted camera that has no track', async () => {
    const { native, client } = await joined();
    await client.publish({ ...MAIN, videoMuted: true }, signal);
    expect(native.published[0]?.media.enabled).to.equal(false);
    client.destroy();
  });

  it('changes the track in place', async () => {
    const { native, client } = await joined();
    const second = picture();
    await client.publish({ ...MAIN, video: picture() }, signal);
    await client.publish({ ...MAIN, video: second }, signal);
    expect(native.named('publish')).to.have.length(1);
    expect(native.published[0]?.media).to.equal(second);
    client.destroy();
  });

  it('sends a track after all that the SDK refused at first', async () => {
    const { native, client } = await joined();
    await client.publish({ ...MAIN, video: picture() }, signal);
    const [track] = native.published;
    const set = track?.setMediaStreamTrack.bind(track);
    Object.assign(track ?? {}, { setMediaStreamTrack: () => Promise.reject(new Error('no')) });
    const video = picture();
    const error = await refusal(() => client.publish({ ...MAIN, video }, signal));
    expect(error.message).to.equal('Publishing failed: no');
    Object.assign(track ?? {}, { setMediaStreamTrack: set });
    await client.publish({ ...MAIN, video }, signal);
    expect(track?.media).to.equal(video);
    client.destroy();
  });

  it('publishes screen and camera apart, and withdraws each alone', async () => {
    const { native, client } = await joined();
    await client.publish({ ...MAIN, video: picture() }, signal);
    await client.publish({ ...MAIN, type: 'auxiliary', video: picture() }, signal);
    await client.unpublish('main', signal);
    expect(native.published.map(({ tag }) => tag)).to.deep.equal(['screen']);
    client.destroy();
  });

  it('withdraws everything before it becomes an audience', async () => {
    const { native, client } = await joined({ mode: 'live' });
    await client.publish({ ...MAIN, video: picture() }, signal);
    await client.switchRole('audience', {}, signal);
    expect(native.calls.slice(-2)).to.deep.equal([
      ['unpublish', 'camera'],
      ['role', 'AUDIENCE'],
    ]);
    client.destroy();
  });
});

describe('qiniu: statistics', () => {
  const listOf = (reports: RTCStatsReport[] | undefined): unknown[] =>
    (reports ?? []).map((report) =>
      [...(report.values() as Iterable<Record<string, unknown>>)].map(
        ({ timestamp, ...numbers }) => (expect(timestamp).to.be.a('number'), numbers),
      ),
    );

  it('names what the SDK counts as WebRTC does: what is sent, and each stream received', async () => {
    const { native, client } = await joined();
    await client.publish({ ...MAIN, video: picture() }, signal);
    const [audio, video] = [new FakeTrack('a', 'bob', 'audio'), new FakeTrack('v', 'bob', 'video')];
    audio.lost = 0.1;
    native.emit('user-published', 'bob', [audio, video]);
    await settled();
    expect(listOf(await client.getStats?.())).to.deep.equal([
      [
        {
          id: 'main video 0',
          type: 'outbound-rtp',
          kind: 'video',
          bitrate: 500_000,
          framesPerSecond: 15,
        },
        {
          id: 'main video 0 there',
          type: 'remote-inbound-rtp',
          kind: 'video',
          fractionLost: 0.02,
          roundTripTime: 0.04,
        },
      ],
      [
        {
          id: 'bob:main audio',
          type: 'inbound-rtp',
          kind: 'audio',
          bitrate: 1_000,
          fractionLost: 0.1,
          framesPerSecond: undefined,
        },
        {
          id: 'bob:main video',
          type: 'inbound-rtp',
          kind: 'video',
          bitrate: 1_000,
          fractionLost: 0,
          framesPerSecond: 15,
        },
      ],
    ]);
    client.destroy();
  });

  it('has none of what is not received', async () => {
    const { native, client } = await joined({}, { subscribe: { audio: false, video: false } });
    native.emit('user-published', 'bob', [new FakeTrack('v', 'bob', 'video')]);
    await settled();
    expect(await client.getStats?.()).to.deep.equal([]);
    client.destroy();
  });
});

describe('qiniu: messages and removal', () => {
  it('sends to everybody', async () => {
    const { native, client } = await joined();
    await client.sendMessage?.('hi');
    expect(native.named('message')).to.deep.equal([['', 'hi', undefined]]);
    client.destroy();
  });

  it('sends to those named who are there', async () => {
    const { native, client } = await joined();
    native.remoteUsers = [{ userID: 'bob' }];
    await client.sendMessage?.('hi', ['bob', 'nobody']);
    expect(native.named('message')).to.deep.equal([['', 'hi', ['bob']]]);
    client.destroy();
  });

  it('sends to nobody rather than to everybody when none of them is there', async () => {
    const { native, client } = await joined();
    await client.sendMessage?.('hi', ['nobody']);
    expect(native.named('message')).to.deep.equal([]);
    client.destroy();
  });

  it('removes a user with an admin’s token', async () => {
    const credentials = { token: roomToken({ permission: 'admin' }) };
    const { native, client } = await joined({}, { credentials });
    await client.kick?.('bob');
    expect(native.named('kick')).to.deep.equal([['bob']]);
    client.destroy();
  });

  it('refuses to remove with any other', async () => {
    const { client } = await joined();
    const error = await refusal(() => client.kick?.('bob'));
    expect(error.code).to.equal('forbidden');
    client.destroy();
  });
});
