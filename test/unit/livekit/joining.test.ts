import { expect } from '@open-wc/testing';
import { EngineEvent, type Room } from 'livekit-client';
import { LivekitClient } from '../../../src/drivers/livekit/client.js';
import { noteTransports, whenFlowing } from '../../../src/drivers/livekit/engine.js';
import { takeRoom } from '../../../src/drivers/livekit/rooms.js';

const client = (): LivekitClient =>
  new LivekitClient(
    ['ws://127.0.0.1:9'],
    { roomId: '8888', iceTransportPolicy: 'all' },
    () => undefined,
  );

function warmed(): { client: LivekitClient; room: Room } {
  const made = client();
  made.warm();
  return { client: made, room: made.native as Room }; // Made by the line above.
}

describe('livekit: how a join goes', () => {
  let room: Room;

  beforeEach(() => {
    room = takeRoom();
    noteTransports(room).done();
  });

  it('ends with the node’s word: the Room does not wait for media', async () => {
    await room.engine.waitForPCInitialConnection(15_000);
  });

  it('does so again after the Room ended by itself, which leaves it a closed engine', async () => {
    const ended = room.engine;
    // As one that was connected.
    Object.assign(ended, { _isNewlyCreated: false, _isClosed: true });
    noteTransports(room).done();
    expect(room.engine).not.to.equal(ended);
    await room.engine.waitForPCInitialConnection(15_000);
  });

  for (const event of [
    EngineEvent.Connected,
    EngineEvent.Resumed,
    EngineEvent.Restarted,
  ] as const) {
    it(`lets media flow from ${event} on, not before`, () => {
      let flows = false;
      whenFlowing(room, () => (flows = true));
      expect(flows).to.equal(false);
      (room.engine.emit as (name: string) => void)(event);
      expect(flows).to.equal(true);
    });
  }

  it('lets media flow at once over an engine that is connected already', () => {
    const publisher = { getConnectionState: () => 'connected' };
    Object.assign(room.engine, { pcManager: { publisher } });
    let flows = false;
    whenFlowing(room, () => (flows = true));
    Object.assign(room.engine, { pcManager: undefined });
    expect(flows).to.equal(true);
  });

  it('keeps no AudioContext', async () => {
    // Private there; what it is called in connect().
    const acquire = room as unknown as {
      acquireAudioContext(): Promise<void>;
      audioContext?: AudioContext;
    };
    await acquire.acquireAudioContext();
    expect(acquire.audioContext).to.equal(undefined);
  });

  it('hands a Room that was not connected to the next client at once', () => {
    const first = warmed();
    first.client.destroy();
    const second = warmed();
    expect(second.room).to.equal(first.room);
    second.client.destroy();
  });

  it('never hands out a Room that another client has', () => {
    const [first, second] = [warmed(), warmed()];
    expect(second.room).not.to.equal(first.room);
    first.client.destroy();
    second.client.destroy();
  });
});
