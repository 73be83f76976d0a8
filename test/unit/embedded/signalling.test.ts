import { aTimeout, expect, waitUntil } from '@open-wc/testing';
import { Signalling, type SignallingHost } from '../../../src/drivers/embedded/signalling.js';
import {
  CLOSE,
  type ClientMessage,
  type Frame,
  type JoinMessage,
  type ServerMessage,
} from '../../../src/protocol/messages.js';

/** A socket whose other end is the test. */
class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: Frame<ClientMessage>[] = [];
  texts: string[] = [];
  closedWith: number | undefined;
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: unknown) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeSocket.all.push(this);
  }
  static get last(): FakeSocket {
    const last = FakeSocket.all.at(-1);
    if (!last) throw new Error('no socket');
    return last;
  }
  send(text: string): void {
    this.texts.push(text);
    this.sent.push(JSON.parse(text) as Frame<ClientMessage>);
  }
  close(code?: number): void {
    this.readyState = 3;
    this.closedWith = code;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.({});
  }
  deliver(frame: Frame<ServerMessage>): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
  get messages(): unknown[] {
    return this.sent.map(({ m }) => m?.t);
  }
}

const real = window.WebSocket;
const joinMessage: JoinMessage = {
  t: 'join',
  room: 'r',
  mode: 'rtc',
  role: 'anchor',
  want: { audio: true, video: true },
  streams: {},
};
const joined: ServerMessage = {
  t: 'joined',
  session: 's',
  resume: 'one',
  user: 'u',
  data: '',
  role: 'anchor',
  peers: [],
  ice: { servers: [], policy: 'all' },
  connections: [],
};
const note = (n: number, data: string): Frame<ServerMessage> => ({
  n,
  a: 0,
  m: { t: 'message', id: data, from: 'x', data, timestamp: 0 },
});

describe('embedded: signalling', () => {
  let log: string[];
  let wire: Signalling;
  const host: SignallingHost = {
    received: (message) => log.push(message.t === 'message' ? message.data : message.t),
    dropped: () => log.push('dropped'),
    resumed: () => log.push('resumed'),
    lost: (reason) => log.push(`lost ${reason}`),
  };

  beforeEach(() => {
    log = [];
    FakeSocket.all = [];
    window.WebSocket = FakeSocket as unknown as typeof WebSocket;
    wire = new Signalling('ws://x/rtc', host);
  });
  afterEach(() => {
    wire.close();
    window.WebSocket = real;
  });

  async function enter(more: { alive?: number } = {}): Promise<FakeSocket> {
    const joining = wire.join(joinMessage);
    const socket = FakeSocket.last;
    socket.open();
    expect(socket.sent).to.deep.equal([{ n: 0, a: 0, m: joinMessage }]);
    socket.deliver({ n: 0, a: 0, m: { ...joined, ...more } });
    await joining;
    socket.sent = [];
    return socket;
  }
  async function next(before: FakeSocket): Promise<FakeSocket> {
    await waitUntil(() => FakeSocket.last !== before, 'another socket', {
      timeout: 3_000,
      interval: 5,
    });
    FakeSocket.last.open();
    return FakeSocket.last;
  }
  const resumed = (received: number, token = 'two'): Frame<ServerMessage> => ({
    n: 0,
    a: received,
    m: { t: 'resumed', resume: token, received, ice: { servers: [], policy: 'all' } },
  });

  it('joins over a socket that was opened before', async () => {
    wire.open();
    FakeSocket.last.open();
    expect(FakeSocket.last.sent).to.have.length(0);
    const joining = wire.join(joinMessage);
    FakeSocket.last.deliver({ n: 0, a: 0, m: joined });
    expect((await joining).session).to.equal('s');
    expect(FakeSocket.all).to.have.length(1);
  });

  it('opens anew when the early socket was closed meanwhile', async () => {
    wire.open();
    FakeSocket.last.open();
    FakeSocket.last.drop(CLOSE.joinTimeout);
    await enter();
    expect(FakeSocket.all).to.have.length(2);
    expect(log).to.deep.equal([]);
  });

  it('rejects a refused join with its code, and an unreachable server with network', async () => {
    const refused = wire.join(joinMessage).catch((error: { code: string }) => error.code);
    FakeSocket.last.open();
    FakeSocket.last.deliver({
      n: 0,
      a: 0,
      m: { t: 'refused', error: { code: 'room-full', message: 'Full.' } },
    });
    expect(await refused).to.equal('room-full');
    FakeSocket.last.drop(CLOSE.refused);
    const unreachable = wire.join(joinMessage).catch((error: { code: string }) => error.code);
    FakeSocket.last.drop();
    expect(await unreachable).to.equal('network');
  });

  it('answers requests by their id, and rejects with what the server says', async () => {
    const socket = await enter();
    const one = wire.request({ t: 'data', data: 'a' });
    const two = wire
      .request({ t: 'kick', user: 'b' })
      .catch((error: { code: string }) => error.code);
    expect(socket.sent.map(({ n }) => n)).to.deep.equal([1, 2]);
    socket.deliver({
      n: 1,
      a: 2,
      m: { t: 'reply', id: 2, error: { code: 'forbidden', message: 'No.' } },
    });
    socket.deliver({ n: 2, a: 2, m: { t: 'reply', id: 1 } });
    expect(await two).to.equal('forbidden');
    expect((await one).id).to.equal(1);
  });

  it('resumes at once, replays both ways, and loses and doubles nothing', async () => {
    const first = await enter();
    first.deliver(note(1, 'a'));
    const answer = wire.request({ t: 'data', data: 'kept' });
    first.drop();
    void wire.request({ t: 'data', data: 'while down' }).catch(() => undefined);
    const second = await next(first);
    expect(second.sent).to.deep.equal([
      { n: 0, a: 1, m: { t: 'resume', session: 's', token: 'one' } },
    ]);
    second.deliver(note(2, 'too early'));
    second.deliver(resumed(0));
    expect(second.sent.slice(1).map(({ n, m }) => [n, m && 'data' in m && m.data])).to.deep.equal([
      [1, 'kept'],
      [2, 'while down'],
    ]);
    second.deliver(note(1, 'a'));
    second.deliver(note(2, 'b'));
    second.deliver({ n: 3, a: 2, m: { t: 'reply', id: 1 } });
    await answer;
    expect(log).to.deep.equal(['a', 'dropped', 'resumed', 'b']);
    second.drop();
    const third = await next(second);
    expect(third.sent[0]?.m).to.include({ token: 'two' });
    third.deliver(resumed(2, 'three'));
    expect(third.sent).to.have.length(1);
  });

  it('hears nothing from a socket that it has given up', async () => {
    const first = await enter();
    wire.drop();
    first.deliver(note(1, 'stale'));
    first.drop();
    const second = await next(first);
    second.deliver(resumed(0));
    expect(log).to.deep.equal(['dropped', 'resumed']);
  });

  it('is lost when the server does not know the session, and says why when it does', async () => {
    const first = await enter();
    first.drop();
    const second = await next(first);
    second.deliver({ n: 0, a: 0, m: { t: 'refused', error: { code: 'state', message: 'Gone.' } } });
    expect(log).to.deep.equal(['dropped', 'lost connection-lost']);

    log = [];
    wire = new Signalling('ws://x/rtc', host);
    const other = await enter();
    other.drop();
    (await next(other)).deliver({
      n: 0,
      a: 0,
      m: { t: 'refused', error: { code: 'forbidden', message: 'Gone.', ended: 'banned' } },
    });
    expect(log).to.deep.equal(['dropped', 'lost banned']);
  });

  it('is lost when more was said than can be replayed', async () => {
    const first = await enter();
    first.drop();
    for (let i = 0; i < 300; i++) wire.send({ t: 'signal', conn: 'c', signal: { restart: true } });
    expect(log).to.deep.equal(['dropped', 'lost connection-lost']);
    await aTimeout(50);
    expect(FakeSocket.all).to.have.length(1);
  });

  it('tries until the server is there, and at once when the network is back', async () => {
    const first = await enter();
    first.drop();
    await waitUntil(() => FakeSocket.all.length === 2);
    FakeSocket.last.drop();
    expect(FakeSocket.all).to.have.length(2);
    dispatchEvent(new Event('online'));
    expect(FakeSocket.all).to.have.length(3);
    FakeSocket.last.drop();
    await waitUntil(() => FakeSocket.all.length === 4, 'a fourth try', { timeout: 3_000 });
    expect(log).to.deep.equal(['dropped']);
  });

  it('gives up a socket on which the server is not heard any more', async () => {
    const first = await enter({ alive: 600 });
    for (let n = 0; n < 4; n += 1) {
      await aTimeout(200);
      first.deliver({ n: 0, a: 0 });
    }
    expect(FakeSocket.all, 'while it is heard').to.have.length(1);
    const second = await next(first);
    expect(log).to.deep.equal(['dropped']);
    second.deliver(resumed(0));
    await next(second);
    expect(log, 'and again after a resume').to.deep.equal(['dropped', 'resumed', 'dropped']);
  });

  it('acknowledges soon, and after many messages at once', async () => {
    const socket = await enter();
    socket.deliver(note(1, 'a'));
    expect(socket.sent).to.have.length(0);
    await waitUntil(() => socket.sent.length === 1, 'acknowledged', { timeout: 5_000 });
    expect(socket.sent[0]).to.deep.equal({ n: 0, a: 1 });
    for (let n = 2; n <= 17; n++) socket.deliver(note(n, String(n)));
    expect(socket.sent[1]).to.deep.equal({ n: 0, a: 17 });
  });

  it('leaves, closes with 1000, rejects what is open, and stays closed', async () => {
    const socket = await enter();
    const open = wire
      .request({ t: 'data', data: 'x' })
      .catch((error: { code: string }) => error.code);
    wire.close();
    wire.close();
    expect(socket.messages).to.deep.equal(['data', 'leave']);
    expect(socket.closedWith).to.equal(1000);
    expect(await open).to.equal('aborted');
    socket.drop();
    dispatchEvent(new Event('online'));
    await aTimeout(20);
    expect(FakeSocket.all).to.have.length(1);
    expect(log).to.deep.equal([]);
  });

  describe('the copy of a join that goes ahead', () => {
    const own = location.origin.replace('http', 'ws') + '/rtc';
    const message: JoinMessage = { ...joinMessage, offer: 'v=0' };
    const realFetch = window.fetch;
    let posts: { url: string; init: RequestInit }[];

    beforeEach(() => {
      posts = [];
      window.fetch = (url, init = {}) => {
        posts.push({ url: url as string, init });
        return Promise.reject(new TypeError('unreachable'));
      };
      wire = new Signalling(own, host);
    });
    afterEach(() => {
      window.fetch = realFetch;
    });

    async function enterRoom(): Promise<void> {
      const joining = wire.join(message);
      FakeSocket.last.open();
      FakeSocket.last.deliver({ n: 0, a: 0, m: joined });
      await joining;
    }

    it('is the frame that the socket brings, posted to the same address', async () => {
      wire.open();
      const joining = wire.join(message);
      expect(posts.map(({ url }) => url)).to.deep.equal([`${location.origin}/rtc`]);
      expect(posts[0]?.init.method).to.equal('POST');
      const body = posts[0]?.init.body as string;
      FakeSocket.last.open();
      expect(body).to.equal(FakeSocket.last.texts[0]);
      FakeSocket.last.deliver({ n: 0, a: 0, m: joined });
      expect((await joining).session, 'although the post has failed').to.equal('s');
    });

    it('does not go when the socket is open', async () => {
      wire.open();
      FakeSocket.last.open();
      await enterRoom();
      expect(posts).to.have.length(0);
    });

    for (const [what, url, more] of [
      ['without an offer', own, { offer: undefined }],
      ['of who comes back', own, { previous: 'before' }],
      ['to another origin', 'wss://rtc.example/rtc', {}],
    ] as const) {
      it(`does not go ${what}`, () => {
        wire = new Signalling(url, host);
        wire.join({ ...message, ...more }).catch(() => undefined);
        expect(FakeSocket.all).to.have.length(1);
        expect(posts).to.have.length(0);
      });
    }

    it('does not go again where no socket opens, until one has', async () => {
      const failed = wire.join(message).catch((error: { code: string }) => error.code);
      FakeSocket.last.drop();
      expect(await failed).to.equal('network');
      wire = new Signalling(own, host);
      await enterRoom();
      expect(posts).to.have.length(1);
      wire = new Signalling(own, host);
      await enterRoom();
      expect(posts).to.have.length(2);
    });
  });
});
