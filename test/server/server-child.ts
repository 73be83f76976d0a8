/** A room server that tells of its memory: `node --expose-gc server-child.mjs OPTIONS-AS-JSON`. */
import { createRoomServer, type RoomServerOptions } from '../../src/server/index.js';

export interface Usage {
  /** Bytes, after a collection; with buffers. */
  heap: number;
  rss: number;
  /** Time of all its threads since the last question, in µs. */
  cpu: number;
  sockets: number;
  timers: number;
  rooms: number;
  sessions: number;
}

const server = createRoomServer(JSON.parse(process.argv[2] ?? '{}') as RoomServerOptions);
const { url } = await server.listen(0, '127.0.0.1');

let since = process.cpuUsage();

process.on('message', () => {
  const { user, system } = process.cpuUsage(since);
  gc?.();
  gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const count = (name: string): number => resources.filter((one) => one === name).length;
  const rooms = server.listRooms();
  const usage: Usage = {
    heap: heapUsed + external,
    rss,
    cpu: user + system,
    sockets: count('TCPSocketWrap'),
    timers: count('Timeout'),
    rooms: rooms.length,
    sessions: rooms.reduce((sum, { users }) => sum + users.length, 0),
  };
  since = process.cpuUsage();
  process.send?.(usage);
});
process.on('disconnect', () => process.exit(0));
process.stdout.write(`Room server at ${url}\n`);
