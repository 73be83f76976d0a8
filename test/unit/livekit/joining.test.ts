import { expect } from '@open-wc/testing';
import { EngineEvent, type Room } from 'livekit-client';
import { LivekitClient } from '../../../src/drivers/livekit/client.js';
import { endWithWord, noteTransports } from '../../../src/drivers/livekit/engine.js';
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
    endWithWord(room, () => undefined);
    await room.engine.waitForPCInitialConnection(15_000);
  });

  for (const event of [
    EngineEvent.Connected,
    EngineEvent.Resumed,
    EngineEvent.Restarted,
  ] as const) {
    it(`lets media flow from ${event} on, not before`, async () => {
      let flows = false;
      endWithWord(room, () => (flows = true));
      await Promise.resolve();
      expect(flows).to.equal(false);
      (room.engine.emit as (name: string) => void)(event);
      expect(flows).to.equal(true);
    });
  }

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
