import { connect, createServer } from 'node:net';

/**
 * A TCP proxy on 127.0.0.1 that holds every byte back, each way: a page and its signalling as from
 * `ms` milliseconds away. Media goes its own way.
 *
 * @returns {Promise<{ port: number, close(): Promise<void> }>}
 */
export function delayProxy(target, ms) {
  const open = new Set();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      open.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => setTimeout(() => to.writable && to.write(chunk), ms));
      from.on('end', () => setTimeout(() => to.end(), ms));
      from.on('error', () => to.destroy());
      from.on('close', () => open.delete(from));
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () =>
      resolve({
        port: server.address().port,
        close: () =>
          new Promise((closed) => {
            for (const socket of open) socket.destroy();
            server.close(() => closed());
          }),
      }),
    );
  });
}
