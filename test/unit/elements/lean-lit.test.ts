import { aTimeout, expect } from '@open-wc/testing';
import * as lit from 'lit';
import * as lean from '../../../src/lean-lit.js';

/** What of both is used here. */
interface Kit {
  html: (strings: TemplateStringsArray, ...values: unknown[]) => unknown;
  nothing: unknown;
  LitElement: typeof lit.LitElement;
  css: typeof lit.css;
}
const kits: [string, Kit][] = [
  ['lit', lit],
  ['lean-lit', lean as unknown as Kit],
];

let count = 0;
const PROPERTIES = { first: { attribute: 'first-one', noAccessor: true } };

/** An element that renders what `show` makes of its `value`, and notes what happens to it. */
function defineElement(kit: Kit, show: (kit: Kit, value: unknown) => unknown): string {
  const tag = `lean-test-${(count += 1)}`;
  class Test extends kit.LitElement {
    static override properties = PROPERTIES;
    static override styles = [kit.css`:host { display: block; } b { color: rgb(1, 2, 3); }`];
    log: string[] = [];
    #value: unknown;
    get first(): unknown {
      return this.#value;
    }
    set first(value: unknown) {
      const old = this.#value;
      this.#value = value;
      this.requestUpdate('first', old);
    }
    override willUpdate(changed: Map<string, unknown>): void {
      this.log.push(`will ${[...changed].join()} ${this.hasUpdated}`);
    }
    override firstUpdated(): void {
      this.log.push('first');
    }
    override updated(changed: Map<string, unknown>): void {
      this.log.push(`updated ${[...changed].join()} ${this.isUpdatePending}`);
    }
    override render(): unknown {
      this.log.push('render');
      return show(kit, this.first);
    }
  }
  customElements.define(tag, Test);
  return tag;
}

type Made = HTMLElement & { first: unknown; log: string[]; updateComplete: Promise<boolean> };

/** What both show for each value in turn; comments and empty texts are their own business. */
async function shown(show: (kit: Kit, value: unknown) => unknown, values: unknown[]) {
  return Promise.all(
    kits.map(async ([, kit]) => {
      const element = document.createElement(defineElement(kit, show)) as Made;
      document.body.append(element);
      const all: (string | undefined)[] = [];
      for (const value of values) {
        element.first = value;
        await element.updateComplete;
        all.push(element.shadowRoot?.innerHTML.replace(/<!--.*?-->/g, ''));
      }
      element.remove();
      return all;
    }),
  );
}

async function alike(show: (kit: Kit, value: unknown) => unknown, values: unknown[]) {
  const [real, own] = await shown(show, values);
  expect(real?.join('').length).to.be.above(0);
  expect(own).to.deep.equal(real);
}

describe('lean-lit shows what lit shows:', () => {
  it('texts', () =>
    alike(
      ({ html }, value) =>
        html`<p>${value}</p>
          ${value}!`,
      ['a', '<b>', '', 0, null, 'z'],
    ));

  it('attributes', () =>
    alike(
      ({ html, nothing }, value) =>
        html`<i class="one ${value} two" title=${value} aria-pressed=${value ?? nothing}></i>`,
      ['a', undefined, '"', false, 7],
    ));

  it('boolean attributes', () =>
    alike(({ html }, value) => html`<i ?hidden=${value}>x</i>`, [true, false, '', 1, undefined]));

  it('templates, nothing and nodes, one in the place of the other', () => {
    const one = ({ html }: Kit, value: unknown) => html`<b>${value}</b>`;
    const two = ({ html, nothing }: Kit, value: unknown) =>
      html`${value === 2 ? nothing : one({ html } as Kit, value)}<u>${value}</u>`;
    const video = document.createElement('video');
    return alike(
      (kit, value) =>
        kit.html`<div>${value === 3 ? video.cloneNode() : value === 4 ? kit.nothing : two(kit, value)}</div>`,
      [1, 2, 1, 3, 4, 5, 4, 3, 2],
    );
  });

  it('parts that stand side by side', () =>
    alike(
      ({ html, nothing }, value) =>
        html`${value ? html`<b>a</b>${value}` : nothing} ${value ? nothing : html`<i>b</i>`}${value}`,
      [1, 0, 2, '', 3],
    ));
});

for (const [name, kit] of kits) {
  describe(name, () => {
    it('calls the listener of the last rendering, once', async () => {
      const heard: unknown[] = [];
      const tag = defineElement(
        kit,
        ({ html }, value) => html`<button @click=${() => heard.push(value)}></button>`,
      );
      const element = document.createElement(tag) as Made;
      document.body.append(element);
      element.first = 1;
      await element.updateComplete;
      element.first = 2;
      await element.updateComplete;
      element.shadowRoot?.querySelector('button')?.click();
      expect(heard).to.deep.equal([2]);
      element.remove();
    });

    it('keeps the nodes of a template that is rendered again', async () => {
      const tag = defineElement(kit, ({ html }, value) => html`<b>${value}</b>`);
      const element = document.createElement(tag) as Made;
      document.body.append(element);
      element.first = 1;
      await element.updateComplete;
      const before = element.shadowRoot?.querySelector('b');
      element.first = 2;
      await element.updateComplete;
      expect(element.shadowRoot?.querySelector('b')).to.equal(before);
      expect(before?.textContent).to.equal('2');
      element.remove();
    });

    it('updates once for all changes of one task, in this order', async () => {
      const tag = defineElement(kit, ({ html }, value) => html`${value}`);
      const element = document.createElement(tag) as Made;
      element.first = 1;
      element.first = 2;
      await aTimeout(0);
      expect(element.log, 'nothing before it is connected').to.deep.equal([]);
      document.body.append(element);
      expect(await element.updateComplete).to.equal(true);
      element.setAttribute('first-one', 'x');
      element.first = 'y';
      await element.updateComplete;
      element.first = 'y';
      await element.updateComplete;
      expect(element.log).to.deep.equal([
        'will first, false',
        'render',
        'first',
        'updated first, false',
        'will first,2 true',
        'render',
        'updated first,2 false',
      ]);
      element.remove();
    });

    it('takes attributes, and properties from before the upgrade, which win', async () => {
      const tag = `lean-test-${count + 1}`;
      const host = document.createElement('div');
      host.innerHTML = `<${tag} first-one="a"></${tag}><${tag} first-one="a"></${tag}>`;
      document.body.append(host);
      const [one, two] = host.children as unknown as [Made, Made];
      two.first = 'b';
      defineElement(kit, ({ html }, value) => html`${value}`);
      await Promise.all([one.updateComplete, two.updateComplete]);
      expect([one.first, two.first]).to.deep.equal(['a', 'b']);
      host.remove();
    });

    it('shows an element no attribute before its value', async () => {
      const seen: (string | null)[] = [];
      const inner = `lean-test-${(count += 1)}`;
      customElements.define(
        inner,
        class extends HTMLElement {
          static readonly observedAttributes = ['title'];
          attributeChangedCallback(_name: string, _old: string | null, value: string | null): void {
            seen.push(value);
          }
        },
      );
      const element = document.createElement(
        defineElement(kit, () => {
          const strings = [`<${inner} title="`, `"></${inner}>`];
          return kit.html(Object.assign(strings, { raw: strings }), 'a');
        }),
      ) as Made;
      document.body.append(element);
      await element.updateComplete;
      expect(seen).to.deep.equal(['a']);
      element.remove();
    });

    it('adopts its styles', async () => {
      const tag = defineElement(kit, ({ html }) => html`<b>x</b>`);
      const element = document.createElement(tag) as Made;
      document.body.append(element);
      await element.updateComplete;
      const bold = element.shadowRoot?.querySelector('b') as HTMLElement;
      expect(getComputedStyle(element).display).to.equal('block');
      expect(getComputedStyle(bold).color).to.equal('rgb(1, 2, 3)');
      element.remove();
    });
  });
}
