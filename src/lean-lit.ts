/**
 * What the elements use of Lit 3, for the one-file bundle, which is built with this in the place of
 * `lit` (rollup.config.mjs): the same names and the same meaning in a quarter of the bytes. There are no
 * lists, directives, property bindings, controllers and converters, and an attribute takes one
 * expression and is not one of SVG's in mixed case. Whoever needs one of them adds it here too;
 * test/unit/elements/lean-lit.test.ts tells.
 */
export interface TemplateResult {
  strings: TemplateStringsArray;
  values: unknown[];
}

type Part = (value: unknown) => void;

const MARK = '{}';
export const nothing = Symbol('nothing');
export function css([text = '']: TemplateStringsArray): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}
export const html = (strings: TemplateStringsArray, ...values: unknown[]): TemplateResult => ({
  strings,
  values,
});

interface Policy {
  createHTML(markup: string): string;
}
// Trusted Types are not in TypeScript's library. A page's policy names this one as Lit's.
const { trustedTypes } = globalThis as {
  trustedTypes?: { createPolicy(name: string, policy: Policy): Policy };
};
const policy = trustedTypes?.createPolicy('lit-html', { createHTML: (markup) => markup });

const templates = new WeakMap<TemplateStringsArray, HTMLTemplateElement>();

/** A copy of the template, and what takes its values. */
function instantiate(strings: TemplateStringsArray): [DocumentFragment, Part[]] {
  let template = templates.get(strings);
  if (!template) {
    templates.set(strings, (template = document.createElement('template')));
    const markup = strings.reduce(
      // In a tag, or between them. An attribute has another name until its value is known.
      (before, string) =>
        (/<[^>]*$/.test(before)
          ? before.replace(/[^\s=]+=[^=]*$/, `.$&${MARK}`)
          : `${before}<!--${MARK}-->`) + string,
    );
    // The last place of a template needs a node after it, too.
    const whole = `${markup}<!---->`;
    // eslint-disable-next-line no-restricted-properties -- this is the template; values never get here
    template.innerHTML = policy?.createHTML(whole) ?? whole;
  }
  const copy = document.importNode(template.content, true);
  const parts: Part[] = [];
  // Elements and comments.
  const walker = document.createTreeWalker(copy, 129);
  while (walker.nextNode()) {
    const node = walker.currentNode as Element | Comment;
    if ('data' in node) {
      if (node.data === MARK) parts.push(child(node));
      continue;
    }
    for (const { name, value } of [...node.attributes]) {
      if (!value.includes(MARK)) continue;
      node.removeAttribute(name);
      parts.push(attribute(node, name.slice(1), value));
    }
  }
  return [copy, parts];
}

function attribute(element: Element, name: string, pattern: string): Part {
  const plain = name.slice(1);
  let old: unknown = nothing;
  const listens = name.startsWith('@');
  if (listens) {
    element.addEventListener(plain, (event) => (old as EventListener)(event));
  }
  return (value) => {
    if (value === old) return;
    old = value;
    if (name.startsWith('?')) element.toggleAttribute(plain, !!value && value !== nothing);
    else if (value === nothing) element.removeAttribute(name);
    else if (!listens) {
      element.setAttribute(
        name,
        pattern.replace(MARK, () => (value ?? '') as string),
      );
    }
  };
}

/** What stands between a comment and the node after it. */
function child(start: Comment): Part {
  const end = start.nextSibling;
  let old: unknown = nothing;
  let parts: Part[] = [];
  return (given) => {
    const value = given ?? nothing;
    if (value === old) return;
    const before = old as Partial<TemplateResult>;
    old = value;
    let node: Node | undefined;
    if (value instanceof Node) node = value;
    else if (typeof value === 'object') {
      const { strings, values } = value as TemplateResult;
      const same = before.strings === strings;
      if (!same) [node, parts] = instantiate(strings);
      parts.forEach((part, i) => part(values[i]));
      if (same) return;
    } else if (value !== nothing) node = new Text(value as string);
    while (start.nextSibling !== end) start.nextSibling?.remove();
    if (node) start.parentNode?.insertBefore(node, end);
  };
}

/** An element that renders a template into its shadow root, once for all changes of one task. */
export abstract class LitElement extends HTMLElement {
  static properties: Record<string, { attribute?: string | boolean }> = {};
  static styles: CSSStyleSheet[] = [];

  declare ['constructor']: typeof LitElement;
  hasUpdated = false;
  isUpdatePending = false;
  renderRoot?: ShadowRoot;
  #part: Part | undefined;
  #changed = new Map<string, unknown>();
  #connect!: () => void;
  #updated: Promise<unknown> = new Promise<void>((resolve) => {
    this.#connect = resolve;
  });
  /** What was set before the element was upgraded. */
  #early: Record<string, unknown> = {};

  static get observedAttributes(): string[] {
    return Object.values(this.properties).flatMap(({ attribute }) => (attribute as string) || []);
  }

  constructor() {
    super();
    const own = this as Record<string, unknown>;
    for (const name of Object.keys(this.constructor.properties)) {
      if (!Object.hasOwn(this, name)) continue;
      this.#early[name] = own[name];
      Reflect.deleteProperty(own, name);
    }
    this.requestUpdate();
  }

  /** Resolves to whether nothing more is to be rendered. */
  get updateComplete(): Promise<unknown> {
    return this.#updated;
  }

  connectedCallback(): void {
    this.renderRoot ??= this.createRenderRoot();
    Object.assign(this, this.#early);
    this.#early = {};
    this.#connect();
  }

  disconnectedCallback(): void {
    // For those that extend it.
  }

  attributeChangedCallback(name: string, _old: string | null, value: string | null): void {
    for (const [property, { attribute }] of Object.entries(this.constructor.properties)) {
      if (attribute === name) Object.assign(this, { [property]: value });
    }
  }

  requestUpdate(name?: string, old?: unknown): void {
    if (name !== undefined) {
      if (Object.is((this as Record<string, unknown>)[name], old)) return;
      if (!this.#changed.has(name)) this.#changed.set(name, this.hasUpdated ? old : undefined);
    }
    if (!this.isUpdatePending) this.#updated = this.#enqueue();
  }

  performUpdate(): void {
    if (!this.isUpdatePending) return;
    const changed = this.#changed;
    let result: TemplateResult;
    try {
      this.willUpdate(changed);
      result = this.render();
    } finally {
      this.#changed = new Map();
      this.isUpdatePending = false;
    }
    if (!this.#part) {
      const start = new Comment();
      this.renderRoot?.append(start);
      this.#part = child(start);
    }
    this.#part(result);
    if (!this.hasUpdated) {
      this.hasUpdated = true;
      this.firstUpdated(changed);
    }
    this.updated(changed);
  }

  protected abstract render(): TemplateResult;
  protected willUpdate(_changed: Map<string, unknown>): void {}
  protected firstUpdated(_changed: Map<string, unknown>): void {}
  protected updated(_changed: Map<string, unknown>): void {}

  protected scheduleUpdate(): void | Promise<unknown> {
    this.performUpdate();
  }

  protected createRenderRoot(): ShadowRoot {
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = this.constructor.styles;
    return root;
  }

  async #enqueue(): Promise<boolean> {
    this.isUpdatePending = true;
    try {
      await this.#updated;
    } catch (error) {
      // Of the update before; nothing else may hear of it.
      reportError(error);
    }
    await this.scheduleUpdate();
    return !this.isUpdatePending;
  }
}
