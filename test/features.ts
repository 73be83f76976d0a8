/**
 * The README's table of features and back ends, and what shows each cell: `server/features.test.ts`
 * compares the two, and finds every story in its file.
 */
import type { Capability } from './conformance/backend.js';

export const BACKENDS = ['embedded', 'livekit', 'trtc', 'qiniu'] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Possible: by these stories, each a file below test/ and its name there. */
export interface Shown {
  says: string;
  by: readonly [file: string, story: string][];
}

/** Not possible there: for the reason that the back end of the conformance suite gives in `lacks`. */
export interface Impossible {
  says: 'not possible';
  lacks: Capability;
}

export type Cell = Shown | Impossible;

export interface Feature {
  name: string;
  cells: Readonly<Record<BackendName, Cell>>;
}

/** One story of the conformance suite shows it on all, but for those that are named. */
function feature(
  name: string,
  file: string,
  story: string,
  others: Partial<Record<BackendName, Cell>> = {},
): Feature {
  const cell = shown('yes', `conformance/${file}.test.ts`, story);
  return { name, cells: { embedded: cell, livekit: cell, trtc: cell, qiniu: cell, ...others } };
}

function shown(says: string, file: string, story: string): Shown {
  return { says, by: [[file, story]] };
}

function lacks(capability: Capability): Impossible {
  return { says: 'not possible', lacks: capability };
}

const NO_TOKENS = shown(
  'by issuing no tokens',
  'server/vendor-tokens.test.ts',
  'are refused to a banned user, in that room, for as long as the ban lasts',
);

export const features: readonly Feature[] = [
  feature('a call', 'call', 'two users see and hear each other from attributes alone'),
  feature(
    'a live room with co-anchoring',
    'live',
    'an audience receives, captures nothing, and becomes an anchor and back',
  ),
  feature(
    'a cross-room link, under the same user id',
    'live',
    'two anchors in two rooms see each other, and each audience its own',
  ),
  feature(
    'leaving, and joining again',
    'call',
    'leaving closes everything, and joining again is a call again',
  ),
  feature('mute', 'call', 'mute is told, stops what is sent, and comes back'),
  feature(
    'the screen as a second stream',
    'call',
    'a shared screen is a stream of its own, beside the camera',
  ),
  feature(
    'receive only what is shown',
    'receiving',
    'an element removed under layout="none" is no longer received',
  ),
  feature(
    'send only what somebody receives',
    'receiving',
    'what nobody receives any more is not sent',
    {
      trtc: lacks('dynacast'),
      qiniu: lacks('dynacast'),
    },
  ),
  feature(
    'one gesture plays all that the browser refused',
    'autoplay',
    'a page without a gesture shows blocked, and one click plays every blocked stream',
  ),
  feature(
    'the same user elsewhere ends the earlier stay',
    'rooms',
    'the same user elsewhere ends the earlier stay',
  ),
  feature('a user removed by the server', 'rooms', 'a user removed through the server is out'),
  feature('a room dismissed by the server', 'rooms', 'a dismissed room is left by everybody'),
  feature('a ban that lasts', 'rooms', 'a banned user is refused when he comes back', {
    trtc: NO_TOKENS,
    qiniu: NO_TOKENS,
  }),
  feature('a moderator’s `kick()`', 'rooms', 'a moderator removes a user', {
    trtc: lacks('moderator-kick'),
  }),
  feature(
    'messages to all, one, some',
    'rooms',
    'messages reach all, one, or some, and nobody else',
    {
      trtc: lacks('messages'),
    },
  ),
  feature(
    'a kick message, obeyed by `kick-from`',
    'rooms',
    'a kick message is obeyed where kick-from names its sender',
    { trtc: lacks('messages') },
  ),
  feature('user data, told on joining', 'rooms', 'user data is told on joining', {
    trtc: lacks('user-data'),
  }),
  feature('user data that changes while joined', 'rooms', 'user data changes while joined', {
    trtc: lacks('user-data-change'),
    qiniu: lacks('user-data-change'),
  }),
  feature('who only watches is told of', 'live', 'the others are told who may publish', {
    trtc: lacks('late-audience'),
  }),
  feature('reconnects by itself', 'call', 'a lost signalling connection comes back by itself', {
    livekit: {
      says: 'yes, also to another node',
      by: [
        ['conformance/call.test.ts', 'a lost signalling connection comes back by itself'],
        [
          'livekit/nodes.test.ts',
          'a node that is drained hands over without a gap that anybody sees',
        ],
      ],
    },
  }),
  feature(
    'back by itself after a restart of the server',
    'call',
    'a server that is started again has everybody back by itself',
    {
      embedded: shown(
        'yes',
        'e2e/drops.test.ts',
        'drops: a server killed and started again has everybody back without a reload',
      ),
    },
  ),
  feature(
    'levels, and none while muted',
    'media',
    'levels follow the sound, and are 0 while muted',
  ),
  feature(
    'another camera or microphone during the call',
    'media',
    'another camera takes its place in the same stream',
  ),
  feature('`getStats()`', 'media', 'the quality of the connection is told, and counted', {
    qiniu: shown(
      'rates only',
      'e2e/qiniu.test.ts',
      'qiniu: getStats() tells the rates of what is sent and received',
    ),
  }),
  feature('a refused join says why', 'rooms', 'a credential that is not valid is refused in words'),
];
