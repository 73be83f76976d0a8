/** The running list of events: newest first, held still while the pointer or the focus is on it. */
import { el } from './dom.js';

const NAMES = [
  'connection-state-changed',
  'joined',
  'left',
  'client-banned',
  'waiting',
  'role-changed',
  'user-joined',
  'user-updated',
  'user-left',
  'stream-added',
  'stream-updated',
  'stream-removed',
  'stream-subscribed',
  'stream-unsubscribed',
  'playback-state-changed',
  'autoplay-blocked',
  'mute-changed',
  'message-received',
  'capture-state-changed',
  'stream-published',
  'stream-unpublished',
  'device-changed',
  'screen-sharing-stopped',
  'link-state-changed',
  'active-speaker-changed',
  'network-quality',
  'audio-level',
  'request',
  'error',
];
const KEPT = 200;

export function showEvents(section) {
  const list = el('ol', { className: 'log' });
  const note = el('span', { className: 'note', textContent: 'newest first' });
  const policy = el('span', {
    className: 'policy',
    textContent: 'Strict CSP, Trusted Types: no violation',
  });
  const clear = el('button', { type: 'button', className: 'small', textContent: 'Clear' });
  const box = el('div', { className: 'scroll', tabIndex: 0 }, list);
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', 'Events');
  const empty = el('p', { className: 'empty', textContent: 'Nothing has happened yet.' });
  section.append(
    el('header', {}, el('h2', { textContent: 'What happened' }), note, policy, clear),
    box,
  );
  box.append(empty);

  let held = false;
  let waiting = [];
  const add = (entry) => {
    empty.hidden = true;
    const first = list.firstElementChild;
    if (entry.repeats && first?.dataset.name === entry.name) first.remove();
    list.prepend(row(entry));
    while (list.childElementCount > KEPT) list.lastElementChild.remove();
  };
  const arrived = (entry) => {
    if (!held) return add(entry);
    waiting.push(entry);
    note.textContent = `held still, ${waiting.length} more`;
  };
  const hold = () => {
    held = true;
    note.textContent = 'held still';
  };
  const release = () => {
    if (box.matches(':hover') || box.matches(':focus-within')) return;
    held = false;
    waiting.splice(0).forEach(add);
    note.textContent = 'newest first';
  };
  box.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && hold());
  box.addEventListener('focusin', (event) => event.target.matches(':focus-visible') && hold());
  for (const type of ['pointerleave', 'focusout'])
    box.addEventListener(type, () => setTimeout(release));
  clear.addEventListener('click', () => {
    waiting = [];
    list.replaceChildren();
    empty.hidden = false;
  });

  for (const name of NAMES) {
    document.addEventListener(`rtc-${name}`, ({ type, target, detail }) =>
      arrived({
        name: type,
        from: target.localName,
        detail,
        at: new Date(),
        repeats: /level|quality/.test(type),
      }),
    );
  }
  let violations = 0;
  document.addEventListener('securitypolicyviolation', (violation) => {
    violations += 1;
    policy.textContent = `${violations} CSP violation${violations > 1 ? 's' : ''}`;
    policy.classList.add('bad');
    const { effectiveDirective, blockedURI, sourceFile, lineNumber } = violation;
    arrived({
      name: 'CSP violation',
      from: 'document',
      at: new Date(),
      detail: { effectiveDirective, blockedURI, sourceFile, lineNumber },
    });
  });
}

function row({ name, from, detail, at }) {
  const time = el('time', { textContent: at.toTimeString().slice(0, 8) });
  const kind = /error|banned|violation/.test(name) ? 'bad' : '';
  const item = el(
    'li',
    { className: kind, dataset: { name } },
    time,
    el('strong', { textContent: name }),
    el('span', { className: 'from', textContent: from }),
  );
  const details = el('code');
  for (const [key, value] of Object.entries(detail ?? {})) {
    if (value === undefined) continue;
    details.append(
      el(
        'span',
        { className: 'pair' },
        el('span', { className: 'key', textContent: key }),
        ` ${written(value)}`,
      ),
      ' ',
    );
  }
  item.append(details);
  return item;
}

/** Details in one line: streams and errors by what tells them apart. */
function written(value) {
  if (value instanceof Error) return `${value.code ?? value.name}: ${value.message}`;
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (value === null || typeof value !== 'object')
    return typeof value === 'string' ? value || '""' : String(value);
  if ('hasAudio' in value) {
    const parts = [value.hasAudio && 'audio', value.hasVideo && 'video']
      .filter(Boolean)
      .join(' + ');
    return `${value.userId ?? 'this page'} ${value.type} (${parts || 'empty'})`;
  }
  return `{${Object.entries(value)
    .map(([key, each]) => `${key}: ${written(each)}`)
    .join(', ')}}`;
}
