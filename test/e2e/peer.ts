/** One user's page: what it does, what it heard, and what is asserted of it. */
import assert from 'node:assert/strict';
import type { RecordedEvent } from './recorder.js';

/** How long anything may take on a slow machine of two cores. */
export const PATIENCE = 30_000;
export const SECOND = 1_000;

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until the answer is true; fails with what the answer was about. */
export async function waitFor(
  what: string,
  ask: () => boolean | Promise<boolean>,
  report?: () => unknown,
  patience = PATIENCE,
): Promise<void> {
  const end = Date.now() + patience;
  for (;;) {
    if (await ask()) return;
    if (Date.now() > end) {
      const last = await report?.();
      assert.fail(
        `waited ${patience / SECOND} s in vain until ${what}${report ? `: ${JSON.stringify(last)}` : ''}`,
      );
    }
    await sleep(50);
  }
}

/** What is asked of a page, whatever drives its browser. */
export interface PeerPage {
  on(event: 'pageerror', listener: (error: Error) => void): unknown;
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): unknown;
  mouse: { click(x: number, y: number): Promise<void> };
}

export interface PeerContext {
  close(): Promise<void>;
}

/** Runs an expression in the page's own world; not a user gesture. */
export type Evaluate = (expression: string) => Promise<unknown>;

/** One user's page. Nothing in here counts as a user gesture, except `click`. */
export class Peer {
  readonly #expected: RegExp[] = [];
  readonly #noise: string[] = [];

  constructor(
    readonly name: string,
    readonly page: PeerPage,
    readonly context: PeerContext,
    private readonly evaluate: Evaluate,
  ) {
    page.on('pageerror', (error) => this.#noise.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      const text = message.text();
      // The library is silent until a page asks it to speak.
      if (message.type() === 'error' || text.startsWith('[rtc-elements]'))
        this.#noise.push(`console: ${text}`);
    });
  }

  /** Uncaught errors and console errors like this one are part of the test. */
  expectNoise(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  get noise(): string[] {
    return this.#noise.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
  }

  /** Runs a function in the page's own world. */
  async eval<R, A extends unknown[]>(run: (...args: A) => R, ...args: A): Promise<Awaited<R>> {
    const list = args.map((arg) => (arg === undefined ? 'undefined' : JSON.stringify(arg))).join();
    try {
      // What `run` returns, by way of JSON.
      return (await this.evaluate(`(${run.toString()})(${list})`)) as Awaited<R>;
    } catch (error) {
      throw new Error(`in ${this.name}'s page: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Sets an attribute; null removes it. */
  async set(selector: string, name: string, value: string | null): Promise<void> {
    await this.eval(
      (where, key, text) => {
        const element = window.e2e.find(where);
        if (text === null) element.removeAttribute(key);
        else element.setAttribute(key, text);
      },
      selector,
      name,
      value,
    );
  }

  attr(selector: string, name: string): Promise<string | null> {
    return this.eval((where, key) => window.e2e.find(where).getAttribute(key), selector, name);
  }

  async waitForAttr(selector: string, name: string, value: string | null): Promise<void> {
    await waitFor(
      `${name} of ${selector} is ${String(value)} in ${this.name}'s page`,
      async () => (await this.attr(selector, name)) === value,
    );
  }

  /** A position in the list of events: what comes after is new. */
  mark(): Promise<number> {
    return this.eval(() => window.e2e.events.length);
  }

  async events(type?: string, from = 0): Promise<RecordedEvent[]> {
    const all = await this.eval((start) => window.e2e.events.slice(start), from);
    return type ? all.filter((event) => event.type === type) : all;
  }

  /** The first event of the type since `from` whose detail holds all of `match`. */
  async waitForEvent(
    type: string,
    match: Record<string, unknown> = {},
    from = 0,
    patience = PATIENCE,
  ): Promise<RecordedEvent> {
    let found: RecordedEvent | undefined;
    await waitFor(
      `${type} ${JSON.stringify(match)} in ${this.name}'s page`,
      async () => {
        found = (await this.events(type, from)).find((event) => holds(event.detail, match));
        return !!found;
      },
      undefined,
      patience,
    );
    // Else waitFor had failed.
    return found as RecordedEvent;
  }

  /** States of `rtc-connection-state-changed`, in order. */
  async states(from = 0): Promise<unknown[]> {
    return (await this.events('rtc-connection-state-changed', from)).map(
      ({ detail }) => detail['state'],
    );
  }

  frames(selector: string): Promise<number> {
    return this.eval((where) => window.e2e.frames(where), selector);
  }

  /** Waits for `count` more decoded frames; `user:bob` is whatever shows bob. */
  async waitForFrames(selector: string, count = 3): Promise<void> {
    let before = await this.frames(selector);
    await waitFor(
      `${count} more frames of ${selector} are shown in ${this.name}'s page`,
      async () => {
        const now = await this.frames(selector);
        // Another element shows it now.
        if (now < before) before = now;
        return now - before >= count;
      },
    );
  }

  /** Samples of remote sound that came, of each connection; one that is held ready is none. */
  heard(): Promise<number[]> {
    return this.eval(() =>
      Promise.all(
        window.e2e.peers
          .filter(({ connectionState }) => !['new', 'closed'].includes(connectionState))
          .map((connection) => window.e2e.samples(connection)),
      ),
    );
  }

  /** Waits until samples of remote sound are decoded. */
  async waitForSound(): Promise<void> {
    const all = async (): Promise<number> => (await this.heard()).reduce((a, b) => a + b, 0);
    let before = await all();
    await waitFor(
      `sound is decoded in ${this.name}'s page`,
      async () => {
        const now = await all();
        // Another connection brings it now.
        if (now < before) before = now;
        return now > before + 4800;
      },
      () => this.heard(),
    );
  }

  sum(type: string, kind: string, field: string): Promise<number> {
    return this.eval((t, k, f) => window.e2e.sum(t, k, f), type, kind, field);
  }

  outboundVideoBytes(): Promise<number> {
    return this.sum('outbound-rtp', 'video', 'bytesSent');
  }

  /** Waits until nothing of the kind leaves this page for a second. */
  async waitForNoOutbound(kind: 'audio' | 'video' = 'video'): Promise<void> {
    await waitFor(`${this.name}'s page sends no ${kind}`, async () => {
      const sent = await this.sum('outbound-rtp', kind, 'packetsSent');
      await sleep(SECOND);
      return (await this.sum('outbound-rtp', kind, 'packetsSent')) === sent;
    });
  }

  async waitForOutboundVideo(): Promise<void> {
    const before = await this.outboundVideoBytes();
    await waitFor(
      `${this.name}'s page sends video`,
      async () => (await this.outboundVideoBytes()) > before + 500,
    );
  }

  live(): Promise<{ tracks: number; peers: number; sockets: number }> {
    return this.eval(() => window.e2e.live());
  }

  /** How many connections to others there are; one that is held ready is not. */
  connections(): Promise<number> {
    return this.eval(
      () =>
        window.e2e.peers.filter(({ connectionState }) => connectionState === 'connected').length,
    );
  }

  /** Waits until camera, connections and sockets are closed. */
  async waitForNothingLive(): Promise<void> {
    const nothing = { tracks: 0, peers: 0, sockets: 0 };
    await waitFor(
      `camera and connections are closed in ${this.name}'s page`,
      async () => JSON.stringify(await this.live()) === JSON.stringify(nothing),
      () => this.live(),
    );
  }

  /** Out for good: `joined` gone, everything closed, and nothing comes back by itself. */
  async assertOut(room = 'rtc-room', quiet = 1_500): Promise<void> {
    await this.waitForAttr(room, 'joined', null);
    await this.waitForAttr(room, 'connection-state', 'disconnected');
    await this.waitForNothingLive();
    const from = await this.mark();
    await sleep(quiet);
    assert.deepEqual(await this.live(), { tracks: 0, peers: 0, sockets: 0 });
    assert.equal(await this.attr(room, 'joined'), null);
    assert.deepEqual(await this.states(from), []);
    assert.deepEqual(await this.events('rtc-joined', from), []);
  }

  async waitForJoined(room = 'rtc-room'): Promise<void> {
    await waitFor(`${room} is in the room in ${this.name}'s page`, () =>
      this.eval(
        (where) => !!(window.e2e.find(where) as HTMLElement & { inRoom?: boolean }).inRoom,
        room,
      ),
    );
  }

  /** A real click, a user gesture, in the middle of the element. */
  async click(selector: string): Promise<void> {
    await waitFor(`${selector} is there in ${this.name}'s page`, () =>
      this.eval((where) => window.e2e.all(where).length > 0, selector),
    );
    const { x, y } = await this.eval((where) => {
      const element = window.e2e.find(where);
      element.scrollIntoView({ block: 'center' });
      const { left, top, width, height } = element.getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    }, selector);
    await this.page.mouse.click(x, y);
  }

  /** A real click on the button that reads so. */
  async clickText(text: string): Promise<void> {
    const mark = `e2e-${text}`;
    await waitFor(`there is a button “${text}”`, () =>
      this.eval(
        (label, id) => {
          const found = window.e2e
            .all('button')
            .find((button) => button.textContent?.trim() === label);
          found?.setAttribute('data-e2e', id);
          return !!found;
        },
        text,
        mark,
      ),
    );
    await this.click(`[data-e2e="${mark}"]`);
  }

  /** Text that a person sees, shadow roots included. */
  text(selector: string): Promise<string> {
    return this.eval((where) => {
      const words: string[] = [];
      const walk = (node: Node): void => {
        if (node instanceof Text) words.push(node.data.trim());
        if (node instanceof HTMLElement) {
          const { display, visibility } = getComputedStyle(node);
          if (node instanceof HTMLStyleElement || display === 'none' || visibility === 'hidden')
            return;
          if (node.shadowRoot) {
            node.shadowRoot.childNodes.forEach(walk);
            return;
          }
          if (node instanceof HTMLSlotElement) node.assignedNodes().forEach(walk);
        }
        node.childNodes.forEach(walk);
      };
      walk(window.e2e.find(where));
      return words.filter(Boolean).join(' ');
    }, selector);
  }

  /** What is printed of this page when its test fails. */
  async report(): Promise<string> {
    const quiet = ['rtc-network-quality', 'rtc-active-speaker-changed'];
    const lines = await this.eval(
      (unimportant) => [
        ...window.e2e
          .all('rtc-room, rtc-local-stream, rtc-remote-stream, rtc-cross-room-link')
          .map((element) =>
            // A token may be a real cloud's.
            (element.cloneNode() as HTMLElement).outerHTML.replace(
              / (token|(export)?parts?)="[^"]*"/g,
              '',
            ),
          ),
        `live: ${JSON.stringify(window.e2e.live())}, peers: ${window.e2e.peers
          .map(({ connectionState, signalingState }) => `${connectionState}/${signalingState}`)
          .join()}`,
        ...window.e2e.events
          .filter(({ type }) => !unimportant.includes(type))
          .slice(-30)
          .map(
            ({ type, target, time, detail }) =>
              `${time.toFixed(0)} ${type} @${target} ${JSON.stringify(detail)}`,
          ),
        ...window.e2e.violations,
      ],
      quiet,
    ).catch((error: unknown) => [String(error)]);
    return [`── ${this.name}`, ...lines, ...this.#noise].join('\n   ');
  }
}

function holds(detail: unknown, match: unknown): boolean {
  if (match === null || typeof match !== 'object') return detail === match;
  if (detail === null || typeof detail !== 'object') return false;
  return Object.entries(match).every(([key, value]) =>
    holds((detail as Record<string, unknown>)[key], value),
  );
}
