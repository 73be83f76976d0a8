/** The least that could be: `ws` passing on what it hears inside a room. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

const rooms = new Map<string, Set<WebSocket>>();
const http = createServer();
const wss = new WebSocketServer({ server: http, perMessageDeflate: false });

wss.on('connection', (socket) => {
  let room: Set<WebSocket> | undefined;
  socket.on('message', (raw: Buffer) => {
    const { m } = JSON.parse(raw.toString()) as {
      m?: { t: string; room?: string; id?: number; data?: string };
    };
    if (m?.t === 'join') {
      const name = m.room ?? '';
      room = rooms.get(name) ?? new Set();
      for (const other of room) other.send(raw.toString());
      rooms.set(name, room.add(socket));
      socket.send(JSON.stringify({ n: 0, a: 0, m: { t: 'joined' } }));
    } else if (m) {
      const text = JSON.stringify({ n: 0, a: 0, m: { t: 'message', data: m.data } });
      for (const other of room ?? []) if (other !== socket) other.send(text);
      socket.send(JSON.stringify({ n: 0, a: 0, m: { t: 'reply', id: m.id } }));
    }
  });
  socket.on('close', () => room?.delete(socket));
});

let since = process.cpuUsage();

process.on('message', () => {
  const { user, system } = process.cpuUsage(since);
  gc?.();
  gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  since = process.cpuUsage();
  process.send?.({ heap: heapUsed + external, rss, cpu: user + system });
});
process.on('disconnect', () => process.exit(0));
http.listen(0, '127.0.0.1', () => {
  process.stdout.write(`Relay at http://127.0.0.1:${(http.address() as AddressInfo).port}\n`);
});
