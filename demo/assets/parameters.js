/**
 * Query parameters write attributes before the elements upgrade, so that one page plays every part:
 * `room`, `user`, `name`, `role`, `muted`, and `link` (an audience that keeps its link).
 */
const ATTRIBUTES = { room: 'room-id', user: 'user-id', name: 'user-data', role: 'user-role' };

export function applyParameters(root, search = location.search) {
  const parameters = new URLSearchParams(search);
  keepPart(root, parameters.get('room'));
  for (const room of root.querySelectorAll('rtc-room')) {
    for (const [parameter, attribute] of Object.entries(ATTRIBUTES)) {
      const value = parameters.get(parameter);
      if (value) room.setAttribute(attribute, value);
    }
  }
  if (parameters.has('muted')) {
    for (const local of root.querySelectorAll('rtc-local-stream'))
      local.setAttribute('audio-muted', '');
  }
  if (parameters.get('role') === 'audience' && root.dataset.audience === 'watches') {
    const gone = parameters.has('link')
      ? 'rtc-local-stream'
      : 'rtc-local-stream, rtc-cross-room-link';
    for (const element of root.querySelectorAll(gone)) element.remove();
  }
}

/** Of a page with several rooms, the one asked for. */
function keepPart(root, roomId) {
  const parts = [...root.querySelectorAll('[data-part]')];
  if (parts.length === 0 || !parts.some((part) => part.dataset.part === roomId)) return;
  for (const part of parts) if (part.dataset.part !== roomId) part.remove();
  document.body.classList.add('one-part');
}
