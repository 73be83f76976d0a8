import * as v from 'valibot';
import { MAX_SDP, type ClientMessage, type Frame } from './messages.js';

/** 1–128 characters without white space, control or bidirectional-control characters. */
export const ID = /^[^\s\p{Cc}\p{Bidi_Control}]{1,128}$/u;

const id = v.pipe(
  v.string(),
  v.regex(ID, 'ids are 1–128 characters without spaces or control characters'),
);
const session = v.pipe(v.string(), v.maxLength(64));
const requestId = v.pipe(v.number(), v.integer(), v.minValue(0));
const role = v.picklist(['anchor', 'audience']);
const trackState = v.optional(v.picklist(['on', 'muted']));
const token = v.pipe(v.string(), v.maxLength(8192));
const data = v.pipe(v.string(), v.maxLength(4096, 'user data is at most 4,096 characters'));
const sdp = v.pipe(v.string(), v.maxLength(MAX_SDP));
const users = v.pipe(v.array(id), v.maxLength(256));
const published = v.strictObject({ audio: trackState, video: trackState });
const streams = v.strictObject({ main: v.optional(published), auxiliary: v.optional(published) });
const type = v.picklist(['main', 'auxiliary']);

const wish = v.strictObject({
  session,
  type,
  audio: v.boolean(),
  video: v.boolean(),
  h: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(16_384))),
});
const candidate = v.strictObject({
  candidate: v.pipe(v.string(), v.maxLength(1024)),
  sdpMid: v.nullable(v.pipe(v.string(), v.maxLength(16))),
  sdpMLineIndex: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3))),
  usernameFragment: v.nullable(v.pipe(v.string(), v.maxLength(256))),
});
const signal = v.union([
  v.strictObject({ sdp: v.strictObject({ type: v.picklist(['offer', 'answer']), sdp }) }),
  v.strictObject({ candidate: v.nullable(candidate) }),
  v.strictObject({ restart: v.literal(true) }),
]);

const message = v.variant('t', [
  v.strictObject({
    t: v.literal('join'),
    room: id,
    mode: v.picklist(['rtc', 'live']),
    role,
    user: v.optional(id),
    data: v.optional(data),
    token: v.optional(token),
    link: v.optional(v.literal(true)),
    previous: v.optional(session),
    want: v.strictObject({ audio: v.boolean(), video: v.boolean(), only: v.optional(users) }),
    streams,
    offer: v.optional(sdp),
  }),
  v.strictObject({ t: v.literal('resume'), session, token: v.pipe(v.string(), v.maxLength(64)) }),
  v.strictObject({ t: v.literal('leave') }),
  v.strictObject({ t: v.literal('role'), id: requestId, role, token: v.optional(token) }),
  v.strictObject({ t: v.literal('publish'), id: requestId, streams }),
  v.strictObject({
    t: v.literal('subscribe'),
    id: requestId,
    wishes: v.pipe(v.array(wish), v.maxLength(512)),
  }),
  v.strictObject({ t: v.literal('data'), id: requestId, data }),
  v.strictObject({
    t: v.literal('message'),
    id: requestId,
    data: v.pipe(v.string(), v.maxLength(16_384, 'a message is at most 16,384 characters')),
    to: v.optional(users),
  }),
  v.strictObject({ t: v.literal('kick'), id: requestId, user: id }),
  v.strictObject({ t: v.literal('ice'), id: requestId }),
  v.strictObject({ t: v.literal('signal'), conn: session, signal }),
  v.strictObject({ t: v.literal('renew'), conn: session }),
]);

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const frame = v.strictObject({ n: count, a: count, m: v.optional(message) });
/** By what the message is: a variant tries one after the other. */
const frames = new Map<unknown, typeof frame>(
  message.options.map((option) => [
    option.entries.t.literal,
    // Takes less than `frame` does, and gives the same.
    v.strictObject({ n: count, a: count, m: option }) as unknown as typeof frame,
  ]),
);

/** What is wrong, without the value: that may be a secret, and ends in a log. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  // The path of a key that is not known is the sender's own text.
  const path = issue.expected === 'never' ? undefined : v.getDotPath(issue);
  return `${path ?? 'frame'}: ${issue.message.replace(/ but received [^]*/, '')}`;
}

/** Most frames are, and say no more. */
const ACKNOWLEDGEMENT = /^{"n":0,"a":(0|[1-9]\d{0,14})}$/;

/** One frame of a client. @throws Error whose message says what is wrong with it */
export function parseFrame(text: string): Frame<ClientMessage> {
  const acknowledged = text.length < 32 ? ACKNOWLEDGEMENT.exec(text) : null;
  if (acknowledged) return { n: 0, a: Number(acknowledged[1]) };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('frames are JSON');
  }
  const type = (json as { m?: { t?: unknown } | null } | null)?.m?.t;
  const result = v.safeParse(frames.get(type) ?? frame, json, { abortEarly: true });
  if (!result.success) throw new Error(describeIssue(result.issues[0]));
  return result.output;
}

/** How its `m=` and `a=mid:` lines begin. */
const LAYOUT = ['audio', 'video', 'video', 'audio']
  .map((kind, mid) => `m=${kind} \na=mid:${mid}`)
  .join('\n');

/** Whether an SDP has exactly the four media sections of the fixed layout, mids 0 to 3. */
export function hasFixedLayout(text: string): boolean {
  return text.length <= MAX_SDP && text.match(/^(?:m=\S* ?|a=mid:\S*)/gm)?.join('\n') === LAYOUT;
}
