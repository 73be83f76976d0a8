/** Shows the page's own markup, read from the live elements: what stands there is what is there. */
import { batched, el } from './dom.js';

/** Written by the elements, not by the page. */
const STATE = ['connection-state', 'capture-state', 'published', 'playback-state', 'link-state'];

const ofThePage = ({ name }) =>
  !STATE.includes(name) &&
  !name.startsWith('data-') &&
  !name.startsWith('aria-') &&
  !['class', 'style', 'role'].includes(name);

export function showCode(root, panel, { file, marked }) {
  const code = el('code');
  const states = el('dl', { className: 'states' });
  const copy = el('button', { type: 'button', className: 'small', textContent: 'Copy' });
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(lines(root).map(plain).join('\n') + '\n');
      copy.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code);
      copy.textContent = 'Selected: copy it';
    }
    setTimeout(() => (copy.textContent = 'Copy'), 2000);
  });
  panel.append(
    el(
      'header',
      {},
      el('h2', { textContent: 'What the page says' }),
      el('span', { className: 'file', textContent: file }),
      copy,
    ),
    el('pre', { tabIndex: 0 }, code),
    el('h3', { textContent: 'What is true now' }),
    states,
  );

  let before = new Set();
  const render = () => {
    const now = lines(root);
    const facts = new Set();
    code.replaceChildren(...now.map((line) => rendered(line, { marked, before, facts })));
    before = facts;
    states.replaceChildren(...stateRows(root));
  };
  render();
  new MutationObserver(batched(render)).observe(root, {
    subtree: true,
    childList: true,
    attributes: true,
    characterData: true,
  });
}

/** Lines of `{depth, open, attributes, text, close}`, in the elements' order. */
function lines(root) {
  const script = document.querySelector('script[src$="rtc-elements.js"]');
  const found = [line(script, 0)];
  for (const child of root.querySelectorAll('[data-example]')) walk(child, 0, found);
  return found;
}

function walk(element, depth, found) {
  if (element.children.length === 0) {
    found.push(line(element, depth));
    return;
  }
  found.push({ ...line(element, depth), text: '', close: '' });
  for (const child of element.children) walk(child, depth + 1, found);
  found.push({ depth, open: '', attributes: [], text: '', close: element.localName });
}

function line(element, depth) {
  return {
    element,
    depth,
    open: element.localName,
    attributes: [...element.attributes]
      .filter(ofThePage)
      .map(({ name, value }) => ({ name, value })),
    text: element.textContent.trim(),
    close: element.localName,
  };
}

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const quoted = (value) => `"${escape(value).replaceAll('"', '&quot;')}"`;

function plain({ depth, open, attributes, text, close }) {
  const written = attributes
    .map(({ name, value }) => (value === '' ? ` ${name}` : ` ${name}=${quoted(value)}`))
    .join('');
  return (
    '  '.repeat(depth) + (open && `<${open}${written}>`) + escape(text) + (close && `</${close}>`)
  );
}

function rendered({ element, depth, open, attributes, text, close }, { marked, before, facts }) {
  const row = el('span', { className: 'line' });
  row.style.setProperty('--depth', depth);
  if (open) {
    row.append(el('span', { className: 'tag', textContent: `<${open}` }));
    for (const { name, value } of attributes) {
      const fact = `${idOf(element)} ${name} ${value}`;
      const isNew = before.size > 0 && !before.has(fact);
      facts.add(fact);
      const part = el(
        'span',
        { className: 'attribute' },
        el('span', { className: 'name', textContent: name }),
      );
      if (value !== '')
        part.append('=', el('span', { className: 'value', textContent: quoted(value) }));
      part.classList.toggle('mark', open !== 'script' && marked.includes(name));
      part.classList.toggle('fresh', isNew);
      row.append(' ', part);
    }
    const end = el('span', { className: 'tag', textContent: '>' });
    const last = row.lastElementChild;
    if (last.classList.contains('attribute'))
      last.replaceWith(el('span', { className: 'last' }, last.cloneNode(true), end));
    else row.append(end);
  }
  if (text) row.append(escape(text));
  if (close) row.append(el('span', { className: 'tag', textContent: `</${close}>` }));
  return row;
}

const ids = new WeakMap();
let lastId = 0;
function idOf(element) {
  if (!ids.has(element)) ids.set(element, (lastId += 1));
  return ids.get(element);
}

/** The state attributes, as the elements have written them. */
function* stateRows(root) {
  for (const element of root.querySelectorAll('[data-example], [data-example] *')) {
    if (!element.localName.startsWith('rtc-')) continue;
    const value = el('dd');
    for (const name of STATE) {
      if (!element.hasAttribute(name)) continue;
      const text = element.getAttribute(name) || name;
      value.append(
        el('span', {
          className: 'state',
          title: name,
          dataset: { state: text },
          textContent: text,
        }),
      );
    }
    if (value.childElementCount === 0)
      value.append(el('span', { className: 'state', textContent: 'not upgraded yet' }));
    const whose = element.getAttribute('room-id') ?? '';
    yield el(
      'div',
      {},
      el('dt', {}, el('span', { textContent: element.localName }), whose && ` ${whose}`),
      value,
    );
  }
}
