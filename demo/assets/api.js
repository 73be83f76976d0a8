/**
 * The room server's HTTP API, with the key that the demo server prints. A real site keeps the key on
 * its own server: it removes anybody from any room.
 */
let key;

async function call(method, path, body) {
  if (!key) key = (await (await fetch('/demo/api-key')).json()).key;
  const response = await fetch(`/api/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `${response.status}`);
  return answer;
}

const at = encodeURIComponent;

export const api = {
  inspectRoom: (room) => call('GET', `rooms/${at(room)}`),
  dismissRoom: (room) => call('DELETE', `rooms/${at(room)}`),
  /** With `ban`, every join is refused for so many seconds. */
  removeUser: (room, user, ban = 0) =>
    call('DELETE', `rooms/${at(room)}/users/${at(user)}?ban=${ban}`),
  /** A token for `tokenSource`. */
  token: (wanted) =>
    call('POST', 'tokens', {
      provider: document.querySelector('rtc-room').provider,
      ...wanted,
    }),
};
