import { expect } from '@open-wc/testing';
import { RtcError } from '../../../src/core/errors.js';
import { trtc } from '../../../src/drivers/trtc/index.js';
import { placeOf } from '../../../src/drivers/trtc/place.js';
import type { ClientConfig } from '../../../src/drivers/driver.js';

const config: ClientConfig = {
  roomId: '8888',
  mode: 'rtc',
  link: false,
  userId: 'alice',
  appId: '1400000000',
  options: {},
};
const credentials = { token: 'sig' };

function failure(run: () => unknown): RtcError {
  try {
    run();
  } catch (error) {
    if (error instanceof RtcError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('trtc: rooms, users and applications', () => {
  for (const [roomId, strings, expected] of [
    ['8888', false, 8888],
    ['1', false, 1],
    ['4294967294', false, 4_294_967_294],
    ['4294967295', false, '4294967295'],
    ['0', false, '0'],
    ['08', false, '08'],
    ['8888', true, '8888'],
    ['lobby:1', false, 'lobby:1'],
  ] as const) {
    it(`room-id="${roomId}"${strings ? ' with useStringRoomId' : ''} is the ${typeof expected} ${expected}`, () => {
      const place = placeOf({ ...config, roomId }, credentials, strings);
      expect(place).to.include({ roomId: expected, useStringRoomId: typeof expected === 'string' });
    });
  }

  it('takes the user id that the token’s answer names', () => {
    expect(placeOf(config, { token: 'sig', userId: 'bob' }, false).userId).to.equal('bob');
  });

  for (const [what, missing, given] of [
    ['app-id', { appId: undefined }, credentials],
    ['user-id', { userId: undefined }, credentials],
    ['token', {}, {}],
  ] as const) {
    it(`waits for ${what}`, () => {
      const error = failure(() => placeOf({ ...config, ...missing }, given, false));
      expect(error).to.include({ code: 'argument', incomplete: true });
      expect(error.message).to.contain(what);
    });
  }

  for (const [what, bad] of [
    ['an app-id that is no number', { appId: 'my-app' }],
    ['a room of other letters', { roomId: '房间' }],
    ['a room of 65 letters', { roomId: 'r'.repeat(65) }],
  ] as const) {
    it(`refuses ${what}`, () => {
      const error = failure(() => placeOf({ ...config, ...bad }, credentials, false));
      expect(error).to.include({ code: 'argument', incomplete: false });
    });
  }

  for (const options of [
    { useStringRoomId: 'yes' },
    { proxy: 'ws://proxy.example' },
    { proxy: { websocket: 'wss://proxy.example' } },
    { proxy: { websocketProxy: 1 } },
    { proxy: null },
  ]) {
    it(`refuses driver-options ${JSON.stringify(options)}`, () => {
      const error = failure(() => trtc.createClient({ ...config, options }, () => undefined));
      expect(error.code).to.equal('argument');
    });
  }

  for (const options of [
    {},
    { useStringRoomId: true },
    { proxy: 'wss://proxy.example' },
    { proxy: { websocketProxy: 'ws://127.0.0.1:1', loggerProxy: 'http://127.0.0.1:1' } },
  ]) {
    it(`takes driver-options ${JSON.stringify(options)}`, () => {
      expect(trtc.createClient({ ...config, options }, () => undefined).native).to.equal(null);
    });
  }
});
