import { LogLevel, Room, setLogLevel, type RoomOptions } from 'livekit-client';

/** Each Room takes the same options, so any client may have any. */
const OPTIONS: RoomOptions = {
  // Sizes and visibility come from our tiles, through `subscribe`.
  adaptiveStream: false,
  dynacast: true,
  // Capture is ours.
  stopLocalTrackOnUnpublish: false,
  // The core leaves, and not in `beforeunload`, which the user may still cancel.
  disconnectOnPageLeave: false,
};

/**
 * Rooms that nobody uses. A `Room` listens to `devicechange` for the life of the page, connected or
 * not, so none is thrown away: the next client of the page takes it.
 */
const idle: Room[] = [];

export function takeRoom(): Room {
  const room = idle.pop();
  if (room) return room;
  setLogLevel(LogLevel.silent);
  const made = new Room(OPTIONS);
  prepare(made);
  return made;
}

/** What it would do by itself and no call here needs; both are private to livekit-client. */
function prepare(room: Room): void {
  const its = room as unknown as Record<'acquireAudioContext' | 'maybeCreateEngine', () => unknown>;
  const make = its.maybeCreateEngine;
  // An AudioContext would run for as long as it is connected. Nothing here plays through one.
  its.acquireAudioContext = () => Promise.resolve();
  // `connect()` ends with the node's word that this user is in. It would wait for the media, looking
  // every 50 ms: it asks for a negotiation that nothing needs, and hands out no track before.
  its.maybeCreateEngine = () => {
    make.call(room);
    room.engine.waitForPCInitialConnection = () => Promise.resolve();
  };
  its.maybeCreateEngine();
}

/** @param used Whether it was connected, or was about to be: then what it does is ended first. */
export async function releaseRoom(room: Room, used: boolean): Promise<void> {
  if (used) await room.disconnect(false);
  idle.push(room);
}
