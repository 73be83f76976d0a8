import { expect } from '@open-wc/testing';
import type { Room, RoomConnectOptions } from 'livekit-client';
import type { DefaultSubscription } from '../../../src/drivers/driver.js';
import { LivekitClient } from '../../../src/drivers/livekit/client.js';

const CLAIMS = btoa(JSON.stringify({ video: { room: '8888' } }));

/** What a join tells LiveKit before it is answered. */
async function connecting(subscribe: DefaultSubscription): Promise<RoomConnectOptions | undefined> {
  const options = { roomId: '8888', iceTransportPolicy: 'all' } as const;
  const client = new LivekitClient(['ws://127.0.0.1:9'], options, () => undefined);
  client.warm();
  const room = client.native as Room; // Made by the line above.
  const { connect } = room;
  const leaving = new AbortController();
  let asked: RoomConnectOptions | undefined;
  room.connect = (_url, _token, how) => {
    asked = how;
    leaving.abort();
    return new Promise(() => undefined);
  };
  try {
    const credentials = { token: `x.${CLAIMS}.x` };
    const request = {
      credentials,
      role: 'anchor',
      userData: '',
      publications: [],
      subscribe,
    } as const;
    await client.join(request, leaving.signal).catch(() => undefined);
  } finally {
    // The next client takes this Room.
    room.connect = connect;
  }
  return asked;
}

describe('livekit: what a join asks for', () => {
  it('is everything at once where all of everybody is wanted', async () => {
    expect(await connecting({ audio: true, video: true })).to.include({ autoSubscribe: true });
  });

  for (const [name, subscribe] of [
    ['only the sound', { audio: true, video: false }],
    ['only one user', { audio: true, video: true, only: ['bob'] }],
    ['nothing', { audio: false, video: false }],
  ] as const) {
    it(`is nothing by itself where ${name} is wanted`, async () => {
      expect(await connecting(subscribe)).to.include({ autoSubscribe: false });
    });
  }
});
