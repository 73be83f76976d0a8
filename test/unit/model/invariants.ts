import type { RtcLocalStream } from '../../../src/elements/rtc-local-stream/rtc-local-stream.js';
import type { RtcRoom } from '../../../src/elements/rtc-room/rtc-room.js';
import type { World } from './world.js';

/** What must be true after every step. @throws Error naming what is not */
export function checkAlways(world: World): void {
  const { backend, problems } = world;
  if (problems.length) throw new Error(problems.join('; '));
  if (backend.violations.length) throw new Error(backend.violations.join('; '));
  // What a lost connection leaves plays on until the next has it, and is no client of the room.
  const clients = [...backend.clients].filter(({ state }) => state !== 'ended');
  const glowing = backend.clients.size - clients.length;
  if (glowing > world.rooms.length + 1) throw new Error(`${glowing} lost clients are kept`);
  for (const provider of ['p0', 'p1']) {
    const elements = world.rooms.filter((room) => room.getAttribute('provider') === provider);
    const own = clients.filter((one) => world.owners.get(one) === provider && !one.config.link);
    if (own.length > elements.length) {
      throw new Error(`${own.length} clients for ${elements.length} rooms of ${provider}`);
    }
  }
  const links = clients.filter(({ config }) => config.link).length;
  if (links > 1) throw new Error(`${links} clients for one link`);
  for (const kind of ['audio', 'video']) {
    const live = world.live.filter((track) => track.kind === kind).length;
    if (live > world.locals.length)
      throw new Error(`${live} ${kind} captures for ${world.locals.length} local streams`);
  }
}

/** What must be true when nothing fails and nothing moves any more. @throws Error */
export function checkQuiet(world: World): void {
  checkAlways(world);
  const { backend, rooms, locals, live } = world;
  const connected = rooms.filter(({ isConnected }) => isConnected);
  for (const room of rooms) {
    const wanted = room.isConnected && room.joined && !!room.roomId;
    if (room.inRoom !== wanted) {
      throw new Error(
        `${nameOf(room)}: inRoom ${room.inRoom}, wanted ${wanted}, state ${room.connectionState}`,
      );
    }
    if (!wanted) continue;
    const client = room.client as {
      member: { role: string; userId: string; userData: string } | null;
      config: { roomId: string; mode: string };
    };
    const { member, config } = client;
    const actual = [
      config.roomId,
      config.mode,
      member?.role,
      member?.userId,
      member?.userData,
      room.currentRole,
    ];
    const wish = [room.roomId, room.mode, room.userRole, room.userId, room.userData, room.userRole];
    if (actual.join() !== wish.join())
      throw new Error(`${nameOf(room)} is ${actual.join()}, wanted ${wish.join()}`);
  }
  const clients = backend.joined.filter(({ config }) => !config.link).length;
  const joined = connected.filter(({ inRoom }) => inRoom).length;
  if (clients !== joined) throw new Error(`${clients} clients for ${joined} joined rooms`);
  if (backend.clients.size !== backend.joined.length) {
    throw new Error(
      `${backend.clients.size} clients are kept, ${backend.joined.length} of them in a room`,
    );
  }

  for (const kind of ['audio', 'video'] as const) {
    const wanted = locals.filter((local) => captures(local, kind)).length;
    const actual = live.filter((track) => track.kind === kind).length;
    if (actual !== wanted)
      throw new Error(
        `${actual} live ${kind} tracks, wanted ${wanted}: ${locals.map(nameOf).join(' ')}`,
      );
  }
  for (const local of locals) {
    const room = roomOf(local);
    const wanted =
      !!room?.inRoom &&
      room.currentRole === 'anchor' &&
      !local.noPublish &&
      (local.audio || local.video);
    if (local.published !== wanted)
      throw new Error(`${nameOf(local)}: published ${local.published}, wanted ${wanted}`);
  }
  for (const room of connected) {
    checkPublished(world, room);
    checkReceived(world, room);
  }
}

/** After the last element is gone. @throws Error */
export function checkGone(world: World): void {
  checkAlways(world);
  const { clients, liveTracks } = world.backend;
  if (clients.size || liveTracks.length || world.live.length) {
    throw new Error(
      `left over: ${clients.size} clients, ${liveTracks.length} received and ${world.live.length} captured tracks`,
    );
  }
}

/** What the back end was told to publish, not what the elements say. */
function checkPublished({ backend, locals }: World, room: RtcRoom): void {
  const client = backend.joined.find((one) => one === room.client);
  if (!client) return;
  const wanted =
    room.currentRole === 'anchor' &&
    locals.some(
      (local) => roomOf(local) === room && !local.noPublish && (local.audio || local.video),
    );
  if (client.published.includes('main') !== wanted)
    throw new Error(`${nameOf(room)} publishes ${client.published.join()}, wanted ${wanted}`);
}

function checkReceived(world: World, room: RtcRoom): void {
  const client = world.backend.joined.find((one) => one === room.client);
  if (!client) return;
  const shown = room.layout !== 'none' && room.subscribe !== 'none';
  const alone = ![...world.remotes].some((remote) => remote.isConnected && roomOf(remote) === room);
  if (!alone) return;
  const wanted = shown ? room.remoteStreams.length : 0;
  const actual = [...client.subscribed.values()].filter(({ audio, video }) => audio || video);
  if (actual.length !== wanted) {
    throw new Error(`${nameOf(room)} receives ${actual.length} streams, wanted ${wanted}`);
  }
  if (actual.some(({ audio, video }) => !audio || video !== (room.subscribe === 'all'))) {
    throw new Error(
      `${nameOf(room)} receives ${JSON.stringify(actual)} with subscribe=${room.subscribe}`,
    );
  }
}

function captures(local: RtcLocalStream, kind: 'audio' | 'video'): boolean {
  if (!local.isConnected || !local[kind] || (kind === 'video' && local.videoMuted)) return false;
  const room = roomOf(local);
  return local.preview || (!!room?.joined && !!room.roomId && room.userRole === 'anchor');
}

function roomOf(element: Element): RtcRoom | null {
  return element.isConnected ? element.closest<RtcRoom>('rtc-room') : null;
}

function nameOf(element: Element): string {
  return (element.cloneNode(false) as Element).outerHTML;
}
