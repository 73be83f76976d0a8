import { expect } from '@open-wc/testing';
import { listen, type EventHost } from '../../../src/drivers/trtc/events.js';
import type { NativeClient, RemoteStream } from '../../../src/drivers/trtc/sdk.js';

type Call = [method: string, ...args: unknown[]];

/** What the host hears when the SDK fires this. */
function heard(event: string, detail: unknown): Call[] {
  const handlers = new Map<string, (detail: unknown) => void>();
  const client = {
    on: (name: string, handler: (detail: unknown) => void) => void handlers.set(name, handler),
  };
  const calls: Call[] = [];
  const host = new Proxy({} as EventHost, {
    get:
      (_, method) =>
      (...args: unknown[]) =>
        void calls.push([String(method), ...args]),
  });
  listen(client as unknown as NativeClient, host);
  const handler = handlers.get(event);
  if (!handler) throw new Error(`nobody listens to ${event}`);
  handler(detail);
  return calls;
}

const stream = {} as RemoteStream;
const error = (code: number): unknown => Object.assign(new Error('x'), { getCode: () => code });
const broken = error(0x4003);

const rows: [event: string, detail: unknown, Call[]][] = [
  ['peer-join', { userId: 'bob' }, [['userJoined', 'bob']]],
  ['peer-leave', { userId: 'bob' }, [['userLeft', 'bob']]],
  ['stream-added', { stream }, [['streamAdded', stream]]],
  ['stream-updated', { stream }, [['streamUpdated', stream]]],
  ['stream-removed', { stream }, [['streamRemoved', stream]]],
  ['mute-audio', { userId: 'bob' }, [['mute', 'bob', 'audio', true]]],
  ['mute-video', { userId: 'bob' }, [['mute', 'bob', 'video', true]]],
  ['unmute-audio', { userId: 'bob' }, [['mute', 'bob', 'audio', false]]],
  ['unmute-video', { userId: 'bob' }, [['mute', 'bob', 'video', false]]],
  ['connection-state-changed', { state: 'DISCONNECTED' }, []],
  ['connection-state-changed', { state: 'CONNECTING' }, [['reconnecting']]],
  ['connection-state-changed', { state: 'RECONNECTING' }, [['reconnecting']]],
  ['connection-state-changed', { state: 'CONNECTED' }, [['connected']]],
  ['network-quality', { uplinkNetworkQuality: 2, downlinkNetworkQuality: 0 }, [['quality', 2, 0]]],
  [
    'client-banned',
    { reason: 'kick' },
    [['ended', 'kick', 'The same user has joined this room elsewhere.']],
  ],
  [
    'client-banned',
    { reason: 'banned' },
    [['ended', 'banned', 'This user was removed from the room.']],
  ],
  [
    'client-banned',
    { reason: 'room-disband' },
    [['ended', 'room_disband', 'The room was dismissed.']],
  ],
  [
    'client-banned',
    { reason: 'room_disband' },
    [['ended', 'room_disband', 'The room was dismissed.']],
  ],
  [
    'client-banned',
    { reason: 'new' },
    [['ended', 'banned', 'This user was removed from the room.']],
  ],
  ['error', error(0x4004), [['ended', 'connection-lost', 'The connection to TRTC was lost.']]],
  ['error', error(0x4006), [['ended', 'connection-lost', 'The connection to TRTC was lost.']]],
  ['error', error(0x4007), [['ended', 'connection-lost', 'The connection to TRTC was lost.']]],
  ['error', error(0x4008), [['ended', 'connection-lost', 'The connection to TRTC was lost.']]],
  ['error', broken, [['failed', broken]]],
];

describe('trtc: events', () => {
  for (const [event, detail, calls] of rows) {
    const what = JSON.stringify(detail) === '{}' ? String(calls[0]) : JSON.stringify(detail);
    it(`${event} ${what} becomes ${calls[0]?.[0] ?? 'nothing'}`, () => {
      expect(heard(event, detail)).to.deep.equal(calls);
    });
  }
});
