import { LitElement, type PropertyDeclaration, type PropertyValues } from 'lit';
import {
  addSeeker,
  findRoom,
  removeSeeker,
  type RoomProvider,
} from '../../context/room-context.js';
import type { RtcError } from '../../core/errors.js';
import type { RtcEventDetails } from '../../core/types.js';
import { idleEvents } from '../../events/idle-events.js';
import { text, type TextKey } from '../../texts.js';
import { engineNow, loadEngine, type Engine } from './engine.js';

type Values = Record<string | symbol, unknown>;

export interface Wish extends PropertyDeclaration {
  /** What an absent attribute means. */
  initial?: unknown;
  /** What the property makes of any value; undefined: absent. */
  clean?: (value: unknown) => unknown;
}

const absent = (value: unknown): unknown => (value === '' || value === null ? undefined : value);
const asIs = { fromAttribute: (value: string | null): unknown => value };

/** A boolean wish: `false`, also as a word, is absent. */
export const flag: Wish = {
  clean: (value) => value === '' || (!!value && value !== 'false'),
};
export const word = (initial?: string): Wish => ({ initial, clean: absent });
export const number: Wish = {
  initial: 1,
  clean: (value) => {
    const it = Number(absent(value) ?? NaN);
    return Number.isNaN(it) ? undefined : Math.min(Math.max(it, 0), 1);
  },
};
/** Objects and functions: no attribute. */
export const object: Wish = {
  attribute: false,
  reflect: false,
  clean: (value) => value ?? undefined,
};
/** A list of controls: empty means all of them. */
export const controls: Wish = {
  clean: (value) => {
    if (value === true || value === 'true') return '';
    return value === false || value === 'false' ? undefined : (value ?? undefined);
  },
};

const attributeOf = (name: string): string =>
  name.replace(/[A-Z]/g, (it) => `-${it.toLowerCase()}`);
export const list = (value?: string): string[] => value?.split(/\s+/).filter(Boolean) ?? [];

/**
 * Declares wishes of an element. Lit's own accessors write attributes an update later, and defaults
 * too; here a wish is seen in its attribute at once, and only when it is one.
 */
export function wishes(element: typeof RtcElement, all: Record<string, Wish>): void {
  const properties: Record<string, Wish> = {};
  for (const [name, wish] of Object.entries(all)) {
    const {
      clean = (value: unknown) => value,
      initial,
      attribute = attributeOf(name),
      reflect = true,
    } = wish;
    properties[name] = { attribute, converter: asIs, noAccessor: true };
    const key = Symbol(name);
    Object.defineProperty(element.prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: Values) {
        return this[key] ?? initial ?? clean(undefined);
      },
      set(this: RtcElement & Values, value: unknown) {
        const old = this[name];
        const now = (this[key] = clean(value));
        this.requestUpdate(name, old);
        if (!reflect || typeof now === 'object') return;
        const at = attribute as string;
        if (clean(this.getAttribute(at) ?? undefined) === now) return;
        if (now === undefined || now === false) this.removeAttribute(at);
        else this.setAttribute(at, now === true ? '' : (now as string));
      },
    });
  }
  element.properties = properties;
}

/** Before a part that did not load is asked for again, in ms. */
const RELOAD_PAUSE = 5000;

const removed = new Set<RtcElement>();

/** A task after a removal it is known whether it was a move. */
function settleRemoved(): void {
  const all = [...removed];
  removed.clear();
  for (const element of all) if (!element.isConnected) element.removed();
}

/** What the four elements share: attributes as wishes, events, commands, outliving a move. */
export abstract class RtcElement extends LitElement {
  protected readonly internals = this.attachInternals();
  /** @internal */
  home: RoomProvider | null = null;
  #seek = true;
  /** From the first time that there is something to do: it has begun, or could not. */
  protected begun: Promise<void> | undefined;

  /** True for what stands in a room. */
  protected readonly seeks: boolean = true;
  /** True for what opens sockets or devices. */
  protected readonly opens: boolean = true;

  constructor() {
    super();
    this.addEventListener('command', (event) => {
      this.onCommand((event as Event & { command: string }).command);
    });
  }

  /** Passes the wish on to the core. */
  protected abstract carryOut(): void;
  /** Ends what the element owns. */
  protected abstract release(): void;
  /** Writes what is true into state attributes and states. */
  protected abstract reflectState(): void;
  protected onCommand(_command: string): void {}

  override connectedCallback(): void {
    super.connectedCallback();
    this.reflectState();
    if (this.seeks) addSeeker(this);
    this.seekRoom();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (!removed.size) setTimeout(settleRemoved);
    removed.add(this);
  }

  /** @internal It was no move: the element is gone. */
  removed(): void {
    removeSeeker(this);
    this.home = null;
    this.release();
  }

  /** Its presence makes `moveBefore()` leave everything as it is. */
  connectedMoveCallback(): void {
    this.seekRoom();
  }

  /** @internal Its wishes are carried out anew, in the room that is found for it now. */
  seekRoom(): void {
    this.#seek = true;
    this.requestUpdate();
  }

  /** @internal Fires an event of the contract; false when it was cancelled. */
  emit<K extends keyof RtcEventDetails>(type: K, detail: RtcEventDetails[K]): boolean {
    // All others come from the core.
    const { [type]: Event } = (engineNow?.eventClasses ?? idleEvents) as Engine['eventClasses'];
    return this.dispatchEvent(new Event(type, detail));
  }

  /** @internal Something that rendering reads has changed. */
  changed(): void {
    this.reflectState();
    // What nobody sees is rendered when it is back.
    if (this.isConnected) this.requestUpdate();
  }

  /** The first time a room's wishes go before all looks and devices, which wait for a pause. */
  protected override async scheduleUpdate(): Promise<void> {
    if (!this.hasUpdated && this.opens) {
      if (!this.seeks) this.willUpdate(new Map());
      await new Promise((resolve) => {
        // Safari has no idle callbacks: a task later there.
        (self.requestIdleCallback ?? setTimeout)(resolve, { timeout: 100 });
      });
    }
    void super.scheduleUpdate();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.isConnected) return;
    if (changed.has('room') || changed.has('for')) this.#seek = true;
    const due = this.#seek || changed.size > 0;
    if (this.#seek && this.seeks) this.home = findRoom(this);
    this.#seek = false;
    if (due) this.carryOut();
  }

  /** Calls `act` with the core: at once, or when it is there, unless the element is gone by then. */
  protected async engine(act: (engine: Engine) => void | Promise<void>): Promise<void> {
    try {
      const engine = engineNow ?? (await loadEngine());
      if (this.isConnected) await act(engine);
    } catch (cause) {
      const message = 'A part of rtc-elements cannot be loaded. It is tried again.';
      // The class came not either; these are its fields.
      const error = Object.assign(new Error(message, { cause }), {
        name: 'RtcError',
        code: 'network',
        fatal: false,
      });
      this.emit('rtc-error', { error: error as unknown as RtcError, reverted: [] });
      setTimeout(() => this.seekRoom(), RELOAD_PAUSE);
    }
  }

  /** Wishes that are carried out at once, for a promise to tell of it. */
  protected want(wish: object): void {
    Object.assign(this, wish);
    if (this.isConnected) this.performUpdate();
  }

  /** Asks the page, then sets the property. */
  protected request(name: string, value: string | boolean): void {
    if (this.emit('rtc-request', { name: attributeOf(name), value })) {
      this.want({ [name]: value });
    }
  }

  /** All wishes by name: a superset of what the core takes. */
  protected wish(): unknown {
    const names = Object.keys((this.constructor as typeof RtcElement).properties);
    return Object.fromEntries(names.map((name) => [name, (this as unknown as Values)[name]]));
  }

  /** @internal */
  mark(state: string, on: boolean): void {
    if (on) this.internals.states.add(state);
    else this.internals.states.delete(state);
  }

  protected text(key: TextKey, name?: string): string {
    return text(this, key, name);
  }

  protected offers(control: string): boolean {
    const { controls: all } = this as { controls?: string };
    return all !== undefined && (!all || list(all).includes(control));
  }
}
