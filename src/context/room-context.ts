import type { RoomSession } from '../core/room-session.js';
import type { StreamView } from '../core/stream-view.js';

/** The key under which rooms and links answer `context-request` events. */
export const roomContext: unique symbol = Symbol.for('rtc-elements.room') as never;

/** What a room or link is to the elements inside it, and the value of `roomContext`. */
export interface RoomProvider extends HTMLElement {
  /** @internal Whose streams remote streams take. */
  readonly view: StreamView | null;
  /** @internal Where local streams publish: the room itself, or the one around a link. */
  readonly session: RoomSession | null;
  /** The loudspeaker that plays. */
  readonly speakerId?: string;
}

/** The Web Components community's context protocol. */
export class ContextRequestEvent<V = unknown> extends Event {
  constructor(
    readonly context: unknown,
    readonly contextTarget: Element,
    readonly callback: (value: V, unsubscribe?: () => void) => void,
    readonly subscribe = false,
  ) {
    super('context-request', { bubbles: true, composed: true });
  }
}

/** Makes a room or link answer requests from inside it, its own excepted. */
export function provideRoom(provider: RoomProvider): void {
  provider.addEventListener('context-request', (event) => {
    const { context, callback } = event as ContextRequestEvent<RoomProvider>;
    if (context !== roomContext || event.composedPath()[0] === provider) return;
    event.stopPropagation();
    callback(provider);
  });
}

/** Something that has to look for its room anew when rooms come, go or are renamed. */
export interface RoomSeeker {
  seekRoom(): void;
}

const seekers = new Set<RoomSeeker>();
let told = false;

export function addSeeker(seeker: RoomSeeker): void {
  seekers.add(seeker);
}

export function removeSeeker(seeker: RoomSeeker): void {
  seekers.delete(seeker);
}

/** A provider was connected, disconnected, upgraded or renamed. */
export function providersChanged(): void {
  if (told) return;
  told = true;
  // One microtask later all elements that one define() upgrades are there, whatever their order.
  queueMicrotask(() => {
    told = false;
    for (const seeker of [...seekers]) seeker.seekRoom();
  });
}

/** The room for an element: its property `room`, the id in `for`, or the nearest around it. */
export function findRoom(
  from: Element & { room?: Element | null; for?: string },
): RoomProvider | null {
  let found: Element | null | undefined = from.room;
  if (!found && from.for) {
    found = (from.getRootNode() as Document | ShadowRoot).getElementById?.(from.for);
  } else if (!found) {
    from.dispatchEvent(
      new ContextRequestEvent<RoomProvider>(roomContext, from, (value) => {
        found = value;
      }),
    );
  }
  // One that is not upgraded yet has no view; its upgrade is told to all seekers.
  return found && 'view' in found ? (found as RoomProvider) : null;
}
