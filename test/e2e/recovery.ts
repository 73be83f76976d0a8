/** How a call of two comes through a fault: what stood still for how long, and what still arrives. */
import { SECOND, sleep, type Peer } from './peer.js';

interface Room extends HTMLElement {
  sendMessage(data: string): Promise<void>;
}

/** Pictures are back when they have come for so long, each within `SMOOTH` of the one before. */
const STEADY = 3 * SECOND;
const SMOOTH = 1.5 * SECOND;
/** A picture that stands still for longer was interrupted. */
const NOTICED = 0.5 * SECOND;

export interface Recovery {
  /** Seconds from the fault until pictures and messages come again, both ways. */
  after: number;
  /** The longest time, in seconds, that a picture stood still on either side. */
  frozen: number;
}

/** Sends without waiting for the answer, as a page does. */
export async function say(from: Peer, data: string): Promise<void> {
  await from.eval((text) => {
    const room = window.e2e.find('rtc-room') as Room;
    // Lost with the session; what is asserted is that it is said again.
    room.sendMessage(text).catch(() => undefined);
  }, data);
}

const heard = async (peer: Peer, data: string): Promise<boolean> =>
  (await peer.events('rtc-message-received')).some(({ detail }) => detail['data'] === data);

/**
 * From now on, until pictures and a message have come both ways.
 *
 * @param words Whether this test's own messages may be what makes the fault be noticed; else only
 * Bob speaks.
 */
export async function recovery(
  what: string,
  { alice, bob }: { alice: Peer; bob: Peer },
  { patience = 120 * SECOND, words = true } = {},
): Promise<Recovery> {
  const start = performance.now();
  const views = [
    { peer: alice, selector: 'user:bob' },
    { peer: bob, selector: 'user:alice' },
  ].map((view) => ({ ...view, count: 0, last: start, gap: 0, end: start, steady: start + SECOND }));
  const needed = new Map([[`${what} to alice ${start}`, { from: bob, to: alice, at: 0 }]]);
  if (words) needed.set(`${what} to bob ${start}`, { from: alice, to: bob, at: 0 });
  // Where a message was lost with its session, people say it again.
  const said = new Map<string, number>();
  for (;;) {
    for (const view of views) {
      const count = await view.peer.frames(view.selector);
      const now = performance.now();
      if (count !== view.count) {
        if (now - view.last > view.gap) Object.assign(view, { gap: now - view.last, end: now });
        if (now - view.last > SMOOTH) view.steady = now;
        Object.assign(view, { count, last: now });
      }
    }
    for (const [data, message] of needed) {
      if (message.at) continue;
      if (await heard(message.to, data)) message.at = performance.now();
      else if (performance.now() - (said.get(data) ?? -Infinity) > 5 * SECOND) {
        said.set(data, performance.now());
        await say(message.from, data);
      }
    }
    const now = performance.now();
    const flowing = views.every(
      ({ last, steady }) => now - last < SMOOTH && now - steady >= STEADY,
    );
    const all = [...needed.values()].map(({ at }) => at);
    if (flowing && all.every(Boolean)) {
      const frozen = Math.max(...views.map(({ gap }) => gap)) / SECOND;
      const back = views.map(({ end, gap }) => (gap > NOTICED ? end : start));
      const after = (Math.max(...all, ...back) - start) / SECOND;
      console.log(
        `recovered  ${what}: after ${after.toFixed(1)} s; picture still for ${frozen.toFixed(1)} s at most`,
      );
      return { after, frozen };
    }
    if (now - start > patience) {
      const state = views.map(
        ({ peer, last }) => `${peer.name} ${((now - last) / SECOND).toFixed(1)} s`,
      );
      throw new Error(
        `${what}: not back after ${patience / SECOND} s; still: ${state.join()}; messages ${all.join()}`,
      );
    }
    await sleep(100);
  }
}
