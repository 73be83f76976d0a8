/**
 * What src/drivers/driver.ts promises, told of any driver: each case runs in one page, with clients
 * of one room. Nothing here runs, or names a browser's object, before a case is called.
 */
import type { Capability } from '../backend.js';
import type { Desk, User } from './user.js';

export interface Case {
  /** What a back end must not lack. */
  needs?: readonly Capability[];
  run(desk: Desk): Promise<void>;
}

/** Rejects as the interface says: with an `RtcError`; gives its code. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  const code = await promise.then(() => '', codeOfError);
  if (!code) throw new Error('it did not fail');
  return code;
}

function codeOfError(error: unknown): string {
  if (error instanceof Error && error.name === 'RtcError' && 'code' in error)
    return String(error.code);
  throw new Error(`not an RtcError: ${String(error)}`, { cause: error });
}

function same(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a}, not ${b}`);
}

async function pair(desk: Desk): Promise<{ alice: User; bob: User }> {
  const alice = await desk.join('alice');
  const bob = await desk.join('bob');
  await alice.until('bob publishes', () => alice.streamOf('bob'));
  await bob.until('alice publishes', () => bob.streamOf('alice'));
  return { alice, bob };
}

/** The events about streams and users since `from`, by type. */
const told = (user: User, from: number, pattern: RegExp): string[] =>
  user.events
    .slice(from)
    .map(({ type }) => type)
    .filter((type) => pattern.test(type));

export const contract: Readonly<Record<string, Case>> = {
  'creating a client acquires nothing, and it can be left and destroyed again and again': {
    async run(desk) {
      const before = desk.acquired();
      const alice = await desk.create('alice');
      same(desk.acquired(), before, 'sockets and connections after createClient()');
      await alice.client.leave();
      await alice.client.leave();
      alice.client.destroy();
      alice.client.destroy();
      await alice.client.leave();
      same(desk.acquired(), before, 'sockets and connections after destroy()');
      same(alice.events, [], 'events');
    },
  },

  'a join tells who is there and what they publish, and the others hear of it once': {
    async run(desk) {
      const alice = await desk.join('alice');
      const bob = await desk.join('bob');
      same([bob.result?.userId, bob.result?.role], ['bob', 'anchor'], 'the answer to the join');
      await bob.until('alice is known', () => bob.streamOf('alice'));
      await alice.until('bob publishes', () => alice.streamOf('bob'));
      await desk.quiet();
      same(told(alice, 0, /^user-joined$/).length, 1, 'user-joined in alice’s ears');
      same(told(alice, 0, /^stream-added$/).length, 1, 'stream-added in alice’s ears');
      const ids = [...bob.users.keys(), ...bob.streams.keys()];
      same(ids.length, new Set(ids).size, 'ids that are all different');
      same(
        [...bob.users.values()].map(({ userId }) => userId),
        ['alice'],
        'users',
      );
      const { userId, type, hasAudio, hasVideo } = bob.streamOf('alice') ?? {};
      same([userId, type, hasAudio, hasVideo], ['alice', 'main', true, true], 'the stream');
    },
  },

  'subscribe brings exactly the wanted tracks, again and again, and unsubscribe takes them back': {
    async run(desk) {
      const { bob } = await pair(desk);
      const { id } = bob.streamOf('alice') ?? { id: '' };
      const both = { audio: true, video: true, width: 160, height: 120 };
      await bob.client.subscribe(id, both, desk.never);
      await bob.client.subscribe(id, both, desk.never);
      await bob.until('both tracks', () => bob.live(id) === 'audio video');
      await bob.client.subscribe(id, { audio: true, video: false }, desk.never);
      await bob.until('sound only', () => bob.live(id) === 'audio');
      await Promise.all([
        bob.client.subscribe(id, { audio: false, video: false }, desk.never),
        bob.client.subscribe(id, both, desk.never),
      ]);
      await bob.until('the later wish', () => bob.live(id) === 'audio video');
      await bob.client.unsubscribe(id, desk.never);
      await bob.client.unsubscribe(id, desk.never);
      await bob.until('nothing', () => bob.live(id) === '');
    },
  },

  'a subscription that is aborted already is refused with aborted': {
    async run(desk) {
      const { bob } = await pair(desk);
      const { id } = bob.streamOf('alice') ?? { id: '' };
      const stop = AbortSignal.abort();
      same(
        await codeOf(bob.client.subscribe(id, { audio: true, video: true }, stop)),
        'aborted',
        'code',
      );
    },
  },

  'a stream that is gone is stream-gone, and to unsubscribe from it is no failure': {
    async run(desk) {
      const { alice, bob } = await pair(desk);
      const { id } = bob.streamOf('alice') ?? { id: '' };
      await alice.client.unpublish('main', desk.never);
      await bob.until('it is removed', () => !bob.streamOf('alice'));
      same(
        await codeOf(bob.client.subscribe(id, { audio: true, video: true }, desk.never)),
        'stream-gone',
        'code',
      );
      await bob.client.unsubscribe(id, desk.never);
    },
  },

  'publishing the same again changes nothing, and unpublishing twice is told once': {
    async run(desk) {
      const { alice, bob } = await pair(desk);
      const from = bob.events.length;
      await alice.client.publish(alice.publication(), desk.never);
      await alice.client.publish(alice.publication(), desk.never);
      await desk.quiet();
      same(told(bob, from, /^stream-(added|removed)$/), [], 'what bob hears');
      await alice.client.unpublish('main', desk.never);
      await alice.client.unpublish('main', desk.never);
      await alice.client.unpublish('auxiliary', desk.never);
      await bob.until('it is removed', () => !bob.streamOf('alice'));
      await desk.quiet();
      same(told(bob, from, /^stream-(added|removed)$/), ['stream-removed'], 'what bob hears');
      await alice.client.publish(alice.publication(), desk.never);
      await bob.until('it is back', () => bob.streamOf('alice'));
    },
  },

  'publish makes what is published exactly this: a muted camera is told, and comes back': {
    async run(desk) {
      const { alice, bob } = await pair(desk);
      const { id } = bob.streamOf('alice') ?? { id: '' };
      await bob.client.subscribe(id, { audio: true, video: true }, desk.never);
      await bob.until('both tracks', () => bob.live(id) === 'audio video');
      const from = bob.events.length;
      await alice.client.publish(alice.publication({ video: null, videoMuted: true }), desk.never);
      await bob.until('the mute', () => bob.streamOf('alice')?.videoMuted);
      same(bob.streamOf('alice')?.hasVideo, true, 'a muted camera is still there: hasVideo');
      await alice.client.publish(alice.publication(), desk.never);
      await bob.until('no mute', () => bob.streamOf('alice')?.videoMuted === false);
      await bob.until('both tracks', () => bob.live(id) === 'audio video');
      same(told(bob, from, /^stream-(added|removed)$/), [], 'one stream all along');
    },
  },

  'a role is switched there and back, and what an audience published is gone': {
    async run(desk) {
      const anna = await desk.join('anna');
      const victor = await desk.join('victor', 'audience');
      same(victor.result?.role, 'audience', 'the role that was confirmed');
      await desk.switchRole(victor, 'anchor');
      await victor.client.publish(victor.publication(), desk.never);
      await anna.until('victor publishes', () => anna.streamOf('victor'));
      await desk.switchRole(victor, 'audience');
      await anna.until('victor’s stream is gone', () => !anna.streamOf('victor'));
      await victor.until('anna is still there', () => victor.streamOf('anna'));
    },
  },

  'leaving twice is leaving once: no event of one’s own, and the others hear of it once': {
    async run(desk) {
      const { alice, bob } = await pair(desk);
      const [a, b] = [alice.events.length, bob.events.length];
      await Promise.all([alice.client.leave(), alice.client.leave()]);
      await alice.client.leave();
      await bob.until('alice is gone', () => bob.users.size === 0);
      alice.client.destroy();
      await desk.quiet();
      same(told(alice, a, /^ended$/), [], 'ended, of one’s own leave');
      same(
        told(bob, b, /^(user-left|stream-removed)$/).sort(),
        ['stream-removed', 'user-left'],
        'what bob hears',
      );
    },
  },

  'there is no event after destroy(), and everything is released': {
    async run(desk) {
      const bob = await desk.join('bob');
      const before = desk.acquired();
      const alice = await desk.join('alice');
      await bob.until('alice publishes', () => bob.streamOf('alice'));
      alice.client.destroy();
      const heard = alice.events.length;
      alice.client.destroy();
      await bob.client.unpublish('main', desk.never);
      await bob.client.publish(bob.publication(), desk.never);
      await bob.until('alice is gone', () => bob.users.size === 0);
      await desk.quiet();
      same(alice.events.length, heard, 'events in all');
      same(desk.capturing(), true, 'tracks that were handed in go on: they are the core’s');
      await desk.until('it released what it had', () => desk.acquired() <= before);
    },
  },

  'an aborted join is undone, whenever the abort comes': {
    async run(desk) {
      const bob = await desk.join('bob');
      const before = desk.acquired();
      for (const ms of [-1, 0, 2, 10, 40, 120]) {
        const alice = await desk.create('alice');
        const abort = new AbortController();
        if (ms < 0) abort.abort();
        const joining = desk.enter(alice, 'anchor', abort.signal);
        if (ms >= 0) setTimeout(() => abort.abort(), ms);
        const code = await joining.then(() => '', codeOfError);
        if (ms < 0 || code) same(code, 'aborted', `the code after ${ms} ms`);
        // One that came too late is left as any other.
        const joined = alice.result !== null;
        const heard = alice.events.length;
        if (joined) await alice.client.leave();
        alice.client.destroy();
        await bob.until(`nobody is there after ${ms} ms`, () => bob.users.size === 0);
        if (!joined) same(alice.events.length, heard, `events after the abort at ${ms} ms`);
      }
      await desk.until('nothing is left over', () => desk.acquired() <= before);
      // The user is as free to join as if nothing had been.
      await desk.join('alice');
      await bob.until('alice publishes', () => bob.streamOf('alice'));
      await desk.quiet();
      same(bob.users.size, 1, 'users');
    },
  },

  'joining again and again under one user id is a new stay each time': {
    async run(desk) {
      const bob = await desk.join('bob');
      for (let round = 0; round < 5; round += 1) {
        const alice = await desk.join('alice');
        await bob.until(`alice publishes in round ${round}`, () => bob.streamOf('alice'));
        await alice.client.leave();
        alice.client.destroy();
        await bob.until(`alice is gone in round ${round}`, () => bob.users.size === 0);
      }
      same(told(bob, 0, /^user-joined$/).length, 5, 'user-joined');
      same(told(bob, 0, /^user-left$/).length, 5, 'user-left');
    },
  },

  'what the back end lacks is an absent member, and what it has is there': {
    async run(desk) {
      const { client } = await desk.create('alice');
      const members = {
        sendMessage: 'messages',
        setUserData: 'user-data-change',
        kick: 'moderator-kick',
      } as const;
      for (const [member, capability] of Object.entries(members)) {
        same(
          typeof client[member as keyof typeof members] === 'function',
          !desk.lacks.includes(capability),
          `${member} is there`,
        );
      }
    },
  },

  'a message reaches everybody but its sender, once and in order': {
    needs: ['messages'],
    async run(desk) {
      const { alice, bob } = await pair(desk);
      const lines = ['1', '2', '3', '4', '5'];
      // All at once: the order is the driver's to keep.
      const sent = lines.map((line) => alice.client.sendMessage?.(line) ?? Promise.resolve());
      await Promise.all(sent);
      await bob.until('the last', () => bob.messages.includes('5'));
      await desk.quiet();
      same(bob.messages, lines, 'what bob heard');
      same(alice.messages, [], 'what alice heard');
    },
  },

  'user data changes in place': {
    needs: ['user-data-change'],
    async run(desk) {
      const { alice, bob } = await pair(desk);
      await alice.client.setUserData?.('a new hat');
      await bob.until('the change', () =>
        [...bob.users.values()].some(({ userData }) => userData === 'a new hat'),
      );
      same(told(bob, 0, /^user-left$/), [], 'user-left');
    },
  },

  'a credential that is not valid is refused, and leaves nothing': {
    needs: ['refused'],
    async run(desk) {
      const before = desk.acquired();
      const alice = await desk.create('alice', { refused: true });
      const code = await codeOf(desk.enter(alice, 'anchor', desk.never));
      if (!/^(auth|forbidden|join-failed)$/.test(code)) throw new Error(`refused with ${code}`);
      alice.client.destroy();
      await desk.until('nothing is left over', () => desk.acquired() <= before);
    },
  },
};
