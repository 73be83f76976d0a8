import type { Connect, StreamWish } from '../protocol/messages.js';
import type { Room } from './room.js';
import { covers, receives, TYPES, wishFor, type Session } from './session.js';

/** Milliseconds for which a connection is given the time to carry something. */
const RENEWABLE = 6_000;

/** Whether media can flow between two sessions in either direction. */
function belong(a: Session, b: Session): boolean {
  return receives(a, b) || receives(b, a);
}

/**
 * Connects a newcomer with everybody whom it receives from, or who receive from it.
 * @param offer The offer of its join message: given to the longest-present anchor it wants, those who
 * publish first. All others offer to the newcomer.
 * @returns what to tell the newcomer; the others are told.
 */
export function connectNewcomer(
  room: Room,
  newcomer: Session,
  offer: string | undefined,
  newId: () => string,
  at: number,
): Connect[] {
  const partners = room.others(newcomer).filter((other) => belong(newcomer, other));
  const wanted = partners.filter((other) => receives(newcomer, other));
  const first = wanted.find(({ streams }) => streams.main ?? streams.auxiliary) ?? wanted[0];
  return partners.map((partner) => {
    const conn = newId();
    const parked = offer !== undefined && partner === first;
    const offerer = parked ? newcomer : partner;
    room.connections.set(conn, { id: conn, a: newcomer, b: partner, offerer, at });
    partner.outbox.send({
      t: 'connect',
      connect: { conn, peer: newcomer.id, offerer: !parked, ...(parked && { offer }) },
    });
    return { conn, peer: partner.id, offerer: parked, ...(parked && { parked }) };
  });
}

/** Brings the connections of a session in line after a role switch or a subscription. */
export function reconnect(room: Room, session: Session, newId: () => string, at: number): void {
  for (const other of room.others(session)) {
    const link = room.connectionOf(session, other);
    const wanted = belong(session, other);
    if (wanted && !link) {
      connect(room, session, other, newId(), at);
    } else if (link && session.role === 'audience' && other.role === 'audience') {
      room.connections.delete(link.id);
      for (const one of [session, other]) one.outbox.send({ t: 'disconnect', conn: link.id });
    }
  }
}

/**
 * Gives two sessions another connection in the place of one that does not work. Nothing happens for
 * who is no part of it, when there is another already, and while it is younger than `RENEWABLE`.
 */
export function renew(room: Room, session: Session, conn: string, id: string, at: number): void {
  const link = room.connections.get(conn);
  if (!link || at < link.at + RENEWABLE || !belong(link.a, link.b)) return;
  if (link.a !== session && link.b !== session) return;
  room.connections.delete(conn);
  connect(room, link.a, link.b, id, at, { replaces: conn });
}

function connect(
  room: Room,
  a: Session,
  b: Session,
  conn: string,
  at: number,
  more: Pick<Connect, 'replaces'> = {},
): void {
  // The one who has been here longer offers.
  const offerer = a.order < b.order ? a : b;
  room.connections.set(conn, { id: conn, a, b, offerer, at });
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const told = { conn, peer: other.id, offerer: one === offerer, ...more };
    one.outbox.send({ t: 'connect', connect: told });
  }
}

/** The same for what is the same: a number as long as no height is named. */
function keyOf(wishes: readonly Omit<StreamWish, 'session'>[]): number | string {
  if (wishes.some(({ h }) => h !== undefined)) return JSON.stringify(wishes);
  return wishes.reduce(
    (bits, { type, audio, video }) => bits | ((+audio + 2 * +video) << (2 * TYPES.indexOf(type))),
    0,
  );
}

type Wanted = Omit<StreamWish, 'session'>[];

const NOTHING: { wishes: Wanted; news: number | string } = { wishes: [], news: 0 };

/** What is wanted of somebody by who has not named a stream: by `audio + 2 * video`. */
const BY_DEFAULT = [0, 1, 2, 3].map((bits) => {
  const wish = { audio: (bits & 1) > 0, video: (bits & 2) > 0 };
  const wishes = bits ? TYPES.map((type) => ({ type, ...wish })) : [];
  return { wishes, news: keyOf(wishes) };
});

function wantedOf(publisher: Session, viewer: Session): typeof NOTHING {
  const { want } = viewer;
  if (publisher.role !== 'anchor') return NOTHING;
  if (viewer.wishes) {
    const wishes = TYPES.map((type) => wishFor(viewer, publisher, type)).filter(
      ({ audio, video }) => audio || video,
    );
    return { wishes, news: keyOf(wishes) };
  }
  const bits = covers(want, publisher.user) ? +want.audio + 2 * +want.video : 0;
  return BY_DEFAULT[bits] ?? NOTHING;
}

/** Tells a publisher what a viewer wants of it, when that is news. */
export function tellWanted(viewer: Session, publisher: Session): void {
  const { wishes, news } = wantedOf(publisher, viewer);
  if ((publisher.told.get(viewer.id) ?? 0) === news) return;
  publisher.told.set(viewer.id, news);
  publisher.outbox.send({ t: 'wanted', session: viewer.id, wishes });
}
