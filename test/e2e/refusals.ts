/** A failure that a page is told of: its code, its sentence, and what becomes of the wish. */
import { assert, waitFor, type Peer, type World } from './harness.js';

interface Expected {
  code: string;
  fatal?: boolean;
  reverted?: string[];
}

/** Codes for which the page has a text of its own, instead of the error's message. */
export const TEXTS: Record<string, string> = {
  network: 'The server cannot be reached. Trying again…',
};

/** The error with this code is told with a sentence, and stands on the page. */
export async function assertError(
  peer: Peer,
  { code, fatal = false, reverted = [] }: Expected,
  shownOn = 'rtc-room',
  from = 0,
): Promise<string> {
  const { detail } = await peer.waitForEvent('rtc-error', { error: { code } }, from);
  const error = detail['error'] as { message: string; fatal: boolean };
  assert.match(error.message, /^.{20,}[.!)]$/s, 'a sentence');
  assert.deepEqual(
    { code, fatal: error.fatal, reverted: detail['reverted'] },
    { code, fatal, reverted },
  );
  const sentence = TEXTS[code] ?? error.message;
  await waitFor(
    `“${sentence}” is shown in ${shownOn}`,
    async () => (await peer.text(shownOn)).includes(sentence),
    async () => ({ shown: await peer.text(shownOn) }),
    10_000,
  );
  return error.message;
}

export const room = (attributes: string, inner = ''): string =>
  `<rtc-room ${attributes}>${inner}</rtc-room>`;

/** Refused: one fatal error, `joined` taken back, and no second attempt. */
export async function assertRefused(
  world: World,
  html: string,
  code: string,
): Promise<{ peer: Peer; message: string }> {
  const peer = await world.open('page', html);
  const message = await assertError(peer, { code, fatal: true, reverted: ['joined'] });
  await peer.waitForAttr('rtc-room', 'joined', null);
  await peer.assertOut('rtc-room', 500);
  assert.equal((await peer.events('rtc-error')).length, 1, 'told once');
  return { peer, message };
}
