/** The panels of rooms.html: people, messages, user data, and the server's HTTP API. */
import { batched, el } from './dom.js';
import { api } from './api.js';

const room = document.getElementById('room');
const by = (id) => document.getElementById(id);
const owner = document.querySelector('main').dataset.owner === room.getAttribute('user-id');
let ownId = room.getAttribute('user-id');

/** Runs what a button asks for and says how it went. */
async function attempt(what, action) {
  const result = by('result');
  result.classList.remove('bad');
  result.textContent = `${what} …`;
  try {
    result.textContent = `${what}: ${(await action()) ?? 'done'}`;
  } catch (error) {
    result.classList.add('bad');
    result.textContent = `${what}: ${error.message}`;
  }
}

const renderUsers = batched(() => {
  const users = room.inRoom ? room.remoteUsers : [];
  by('users').replaceChildren(
    ...(users.length
      ? users.map(userRow)
      : [
          el('li', {
            textContent: room.inRoom
              ? 'Nobody else is here. Open Bob or Carol above.'
              : 'Not in the room.',
          }),
        ]),
  );
  const to = by('to');
  const chosen = to.value;
  to.replaceChildren(
    el('option', { value: '', textContent: 'everybody' }),
    ...users.map(({ userId }) => el('option', { value: userId, textContent: userId })),
  );
  if (users.some(({ userId }) => userId === chosen)) to.value = chosen;
});

function userRow({ userId, userData, userRole }) {
  const button = (text, title, action) => {
    const element = el('button', {
      type: 'button',
      className: 'small danger',
      textContent: text,
      title,
    });
    element.addEventListener('click', () => attempt(`${text} ${userId}`, action));
    return element;
  };
  return el(
    'li',
    {},
    el(
      'div',
      { className: 'who' },
      el('strong', { textContent: userId }),
      el('small', { textContent: userRole }),
      el('span', { textContent: userData }),
    ),
    el(
      'div',
      { className: 'do' },
      button('Kick', 'room.kick(): by the server when the token may, else by a message', () =>
        room.kick(userId),
      ),
      button('Remove', 'The HTTP API removes the user, who may come back', () =>
        api.removeUser(room.roomId, userId),
      ),
      button(
        'Ban for a minute',
        'The HTTP API removes the user and refuses every join for 60 s',
        () => api.removeUser(room.roomId, userId, 60),
      ),
    ),
  );
}

function listen(type, action) {
  room.addEventListener(type, ({ detail }) => action(detail));
}
listen('rtc-joined', ({ userId }) => {
  ownId = userId;
  renderUsers();
});
for (const type of ['rtc-left', 'rtc-user-joined', 'rtc-user-updated', 'rtc-user-left'])
  listen(type, renderUsers);

listen('rtc-connection-state-changed', ({ state }) => {
  for (const step of by('steps').children) {
    if (step.textContent === state) step.setAttribute('aria-current', 'step');
    else step.removeAttribute('aria-current');
  }
});

const says = (from, text) => {
  by('no-message').hidden = true;
  by('chat').append(el('li', {}, el('b', { textContent: from }), ` ${text}`));
  by('chat').lastElementChild.scrollIntoView({ block: 'nearest' });
};
listen('rtc-message-received', ({ from, data }) => says(from, data));

by('send').addEventListener('click', () =>
  attempt('Send', async () => {
    const text = by('text').value.trim();
    if (!text) return 'write something first';
    const to = by('to').value;
    await room.sendMessage(text, to || undefined);
    says(`${ownId}${to && ` to ${to}`}`, text);
    by('text').value = '';
  }),
);
by('text').addEventListener('keydown', ({ key }) => key === 'Enter' && by('send').click());

by('data').value = room.getAttribute('user-data') ?? '';
by('data').addEventListener('input', () => room.setAttribute('user-data', by('data').value));

by('dismiss').addEventListener('click', () =>
  attempt(`Dismiss room ${room.roomId}`, () => api.dismissRoom(room.roomId)),
);
by('inspect').addEventListener('click', () =>
  attempt('Inspect', async () => JSON.stringify(await api.inspectRoom(room.roomId))),
);

/** A token with the moderator claim is asked for at the next join: so leave and join again. */
by('moderator').addEventListener('change', ({ target }) =>
  attempt(target.checked ? 'Rejoin as a moderator' : 'Rejoin as a plain user', async () => {
    room.tokenSource = target.checked
      ? () => api.token({ room: room.roomId, user: ownId, moderator: true })
      : null;
    await room.leave();
    await room.join();
  }),
);
by('owner').hidden = !owner;
renderUsers();
