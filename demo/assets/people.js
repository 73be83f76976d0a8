/** Who is in a room, as `remoteUsers` tells it: `<ul data-people="id of the room">`. */
import { batched, el } from './dom.js';

export function showPeople(list) {
  const room = document.getElementById(list.dataset.people);
  let ownId = '';
  const render = batched(() => list.replaceChildren(...items(room, ownId)));
  room.addEventListener('rtc-joined', ({ detail }) => (ownId = detail.userId));
  for (const type of [
    'joined',
    'left',
    'role-changed',
    'user-joined',
    'user-updated',
    'user-left',
  ]) {
    room.addEventListener(`rtc-${type}`, render);
  }
  render();
}

function items(room, ownId) {
  if (!room.inRoom) return [el('li', { className: 'nobody', textContent: 'Not in the room' })];
  const own = {
    userId: ownId,
    userData: room.userData,
    userRole: room.currentRole,
    own: true,
  };
  const everybody = [own, ...room.remoteUsers];
  return ['anchor', 'audience'].flatMap((role) => {
    const some = everybody.filter((user) => user.userRole === role);
    if (some.length === 0) return [];
    const names = some.map(({ userId, userData, own: isOwn }) =>
      el('span', { className: isOwn ? 'person own' : 'person', textContent: userData || userId }),
    );
    return [
      el(
        'li',
        {},
        el('span', { className: 'role', textContent: role === 'anchor' ? 'Anchor' : 'Audience' }),
        ...names,
      ),
    ];
  });
}
