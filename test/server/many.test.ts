import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { backoff } from '../../src/core/async.js';
import { createRoomServer, type RoomServer } from '../../src/server/index.js';
import { freePort } from '../tools/free-port.mjs';
import { bundle, Child } from './child.js';
import { OFFER, WireClient } from './fixtures.js';
import type { Usage } from './server-child.js';

/** Stays in its room as the embedded driver does: resumes, else joins anew, after a full jitter. */
class Resident {
  client: WireClient | undefined;
  #over = false;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    private readonly room: string,
    private readonly user: string,
    private readonly back: () => void,
  ) {}

  async start(): Promise<void> {
    this.client = await WireClient.connect(this.url);
    const { session, resume } = await this.client.join({ room: this.room, user: this.user });
    void this.client.closed.then(() => this.#again(session, resume, 0));
  }

  end(): void {
    this.#over = true;
    clearTimeout(this.#pause);
    this.client?.close();
  }

  async #again(session: string, token: string, attempt: number): Promise<void> {
    await new Promise((resolve) => (this.#pause = setTimeout(resolve, backoff(attempt))));
    if (this.#over) return;
    try {
      const resumed = await WireClient.connect(this.url);
      resumed.direct({ t: 'resume', session, token });
      const { error } = await resumed.next('refused');
      assert.equal(error.ended, undefined);
      this.client = await WireClient.connect(this.url);
      await this.client.join({ room: this.room, user: this.user, previous: session });
      this.back();
    } catch {
      await this.#again(session, token, attempt + 1);
    }
  }
}

test('50 clients of a server that is killed and started again are all back', async () => {
  const cli = await bundle('src/server/cli.ts');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const run = async (): Promise<Child> => {
    const env = { RTC_ADMIN_KEY: 'key' };
    const child = Child.start(cli, ['--dev', '--port', String(port)], { env });
    await child.line(/^Room server at/);
    return child;
  };
  let child = await run();
  let back = 0;
  let allBack: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (allBack = resolve));
  const residents = Array.from(
    { length: 50 },
    (_, i) =>
      new Resident(url, `room${i % 10}`, `user${i}`, () => {
        if (++back === 50) allBack();
      }),
  );
  try {
    await Promise.all(residents.map((one) => one.start()));
    await child.end('SIGKILL');
    child = await run();
    const started = Date.now();
    await all;
    const seconds = (Date.now() - started) / 1000;
    console.log(`all 50 back ${seconds.toFixed(1)} s after the server`);
    // The pauses until then: at most 0.75, 1.25, 2.25 and 4.25 s.
    assert.ok(seconds < 15, `${seconds} s`);
    const headers = { authorization: 'Bearer key' };
    const { rooms } = (await (await fetch(`${url}/api/rooms`, { headers })).json()) as {
      rooms: { room: string; users: { user: string }[] }[];
    };
    for (const { room, users } of rooms) assert.equal(users.length, 5, room);
    assert.equal(rooms.length, 10);
  } finally {
    for (const one of residents) one.end();
    await child.end('SIGKILL');
  }
});

describe('at the same time', () => {
  let server: RoomServer;
  let url: string;
  before(async () => {
    server = createRoomServer({ dev: true });
    const { port } = await server.listen();
    url = `http://127.0.0.1:${port}`;
  });
  after(() => server.close());

  test('two who join within 5 ms have one connection, one of them offering', async () => {
    for (let i = 0; i < 20; i++) {
      const [a, b] = [await WireClient.connect(url), await WireClient.connect(url)];
      const more = { room: `pair${i}`, offer: OFFER };
      const [first, second] = await Promise.all([
        a.join({ ...more, user: 'a' }),
        b.join({ ...more, user: 'b' }),
      ]);
      const [early, late] = first.peers.length ? [second, first] : [first, second];
      const told = await (early === first ? a : b).next('connect');
      assert.equal(late.connections.length, 1);
      assert.equal(early.connections.length, 0);
      const [link] = late.connections;
      assert.equal(link?.conn, told.connect.conn);
      assert.notEqual(link?.offerer, told.connect.offerer);
      a.close();
      b.close();
    }
  });

  test('the same user joining twice within 5 ms is in once', async () => {
    const [a, b] = [await WireClient.connect(url), await WireClient.connect(url)];
    await Promise.all([a.join({ room: 'same', user: 'x' }), b.join({ room: 'same', user: 'x' })]);
    const kicked = await Promise.race([a.closed, b.closed]);
    assert.equal(kicked.code, 4000);
    assert.equal(server.getRoom('same')?.users.length, 1);
    a.close();
    b.close();
  });

  test('both sides asking for an ICE restart end in one offer and one answer', async () => {
    const [a, b] = [await WireClient.connect(url), await WireClient.connect(url)];
    await a.join({ room: 'restart', user: 'a' });
    const { connections } = await b.join({ room: 'restart', user: 'b', offer: OFFER });
    const conn = connections[0]?.conn ?? '';
    // As the driver does: the offerer offers at once, and again when it is asked.
    b.send({ t: 'signal', conn, signal: { sdp: { type: 'offer', sdp: OFFER } } });
    a.send({ t: 'signal', conn, signal: { restart: true } });
    const [asked, offered] = await Promise.all([b.next('signal'), a.next('signal')]);
    assert.deepEqual(asked.signal, { restart: true });
    assert.ok('sdp' in offered.signal && offered.signal.sdp.type === 'offer');
    b.frames.splice(0);
    a.send({ t: 'signal', conn, signal: { sdp: { type: 'answer', sdp: OFFER } } });
    const { signal } = await b.next('signal');
    assert.ok('sdp' in signal && signal.sdp.type === 'answer');
    // Nothing more came of it on either side.
    a.send({ t: 'message', id: 1, data: 'after' });
    b.send({ t: 'message', id: 1, data: 'after' });
    await Promise.all([a.next('message'), b.next('message')]);
    assert.equal(a.messages.filter(({ t }) => t === 'signal').length, 1);
    assert.equal(b.messages.filter(({ t }) => t === 'signal').length, 1);
    a.close();
    b.close();
  });
});

test('1,000 joins and leaves: no socket, timer, room or memory is left', async () => {
  const script = await bundle('test/server/server-child.ts');
  const options = {
    dev: true,
    maxJoins: 1e6,
    timers: { emptyAfterLeave: 50, endedMemory: 500, silent: 500, join: 500 },
  };
  const child = Child.start(script, [JSON.stringify(options)], {
    node: ['--expose-gc', '--max-semi-space-size=2'],
  });
  try {
    const url = await child.line(/^Room server at (\S+)/);
    const round = async (i: number): Promise<void> => {
      const clients = await Promise.all(
        Array.from({ length: 8 }, async (_, j) => {
          const client = await WireClient.connect(url);
          await client.join({ room: `room${i % 7}`, user: `user${j}`, offer: OFFER });
          return client;
        }),
      );
      for (const [j, client] of clients.entries()) {
        if (j % 3 === 0) client.send({ t: 'leave' });
        else if (j % 3 === 1) client.close();
        else client.cut();
      }
      await Promise.all(clients.map((client) => client.closed));
    };
    const settled = async (): Promise<Usage> => {
      for (;;) {
        const usage = await child.ask<Usage>('usage');
        if (!usage.rooms && !usage.sessions && usage.sockets === 0) return usage;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    const usages: Usage[] = [];
    for (let part = 0; part < 4; part++) {
      for (let i = 0; i < 125; i++) await round(i);
      usages.push(await settled());
    }
    // V8 takes a megabyte and a half once, at some time, for code; what leaks grows in every part.
    const least = (key: 'timers' | 'heap' | 'rss'): number =>
      Math.min(...usages.slice(1).map((usage, i) => usage[key] - (usages[i]?.[key] ?? 0)));
    const told = JSON.stringify(usages);
    assert.ok(least('timers') <= 0, told);
    assert.ok(least('heap') < 200e3, told);
    assert.ok(least('rss') < 5e6, told);
  } finally {
    await child.end('SIGKILL');
  }
});
