/**
 * Whether custom-elements.json tells editors and frameworks everything that an element has. The
 * list is written by hand, from the elements' public contract: what is fixed there stands here.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './process.mjs';

const words = (text) => text.trim().split(/\s+/);

const COLOURS = words(
  '--rtc-accent --rtc-surface --rtc-on-surface --rtc-danger --rtc-radius --rtc-gap --rtc-font --rtc-tile-aspect',
);
const USERS_AND_STREAMS = words(`rtc-user-joined rtc-user-updated rtc-user-left rtc-stream-added
  rtc-stream-updated rtc-stream-removed`);

const CONTRACT = {
  'rtc-room': {
    attributes:
      words(`provider url sdk-url sdk-integrity app-id driver-options room-id user-id user-data
      token token-url mode user-role joined subscribe subscribe-to kick-from layout speaker-id
      audio-levels controls connection-state`),
    fields: words(`provider url sdkUrl sdkIntegrity appId driverOptions roomId userId userData token
      tokenUrl mode userRole joined subscribe subscribeTo kickFrom layout speakerId audioLevels
      controls tokenSource connectionState inRoom remoteUsers remoteStreams localStreams currentRole
      client`),
    methods: words('join leave switchRole sendMessage kick getRemoteUser startPlayback getStats'),
    events: [
      ...words(`rtc-connection-state-changed rtc-joined rtc-left rtc-client-banned rtc-waiting
        rtc-role-changed rtc-autoplay-blocked rtc-mute-changed rtc-message-received
        rtc-active-speaker-changed rtc-network-quality rtc-audio-level rtc-request rtc-error`),
      ...USERS_AND_STREAMS,
    ],
    slots: ['', 'toolbar', 'empty', 'error'],
    cssParts: words('stage tile toolbar button status message'),
    cssProperties: COLOURS,
    cssStates: ['in-room'],
  },
  'rtc-local-stream': {
    attributes:
      words(`audio video screen screen-audio audio-muted video-muted microphone-id camera-id
      facing-mode profile audio-profile preview no-publish mirror controls for capture-state published`),
    fields:
      words(`audio video screen screenAudio audioMuted videoMuted microphoneId cameraId facingMode
      profile audioProfile preview noPublish mirror controls room mediaStream trackProcessor
      captureState published`),
    methods: words('initialize publish unpublish close switchDevice'),
    events: words(`rtc-capture-state-changed rtc-stream-published rtc-stream-unpublished
      rtc-device-changed rtc-screen-sharing-stopped rtc-request rtc-error`),
    slots: ['placeholder', 'label'],
    cssParts: words('video label placeholder button'),
    cssProperties: words('--rtc-accent --rtc-danger --rtc-radius --rtc-font --rtc-tile-aspect'),
    cssStates: ['muted'],
  },
  'rtc-remote-stream': {
    attributes: words('user-id stream-type subscribe when muted volume fit for playback-state'),
    fields: words(`userId streamType subscribe when muted volume fit room stream
      playbackState`),
    methods: words('resume'),
    events:
      words(`rtc-stream-subscribed rtc-stream-unsubscribed rtc-playback-state-changed rtc-request
      rtc-error`),
    slots: ['placeholder', 'label', 'blocked'],
    cssParts: words('video label badge placeholder resume'),
    cssProperties: words('--rtc-accent --rtc-radius --rtc-font --rtc-tile-aspect'),
    cssStates: words('speaking muted blocked'),
  },
  'rtc-cross-room-link': {
    attributes: words('room-id user-id token token-url subscribe layout disabled for link-state'),
    fields: words('roomId userId token tokenUrl subscribe layout disabled room linkState'),
    methods: [],
    events: [...words('rtc-link-state-changed rtc-error'), ...USERS_AND_STREAMS],
    slots: ['', 'toolbar', 'empty', 'error'],
    cssParts: words('stage tile status message'),
    cssProperties: COLOURS,
    cssStates: [],
  },
};

const manifest = JSON.parse(readFileSync(path.join(root, 'custom-elements.json'), 'utf8'));
const declarations = new Map(
  manifest.modules
    .flatMap(({ declarations: all = [] }) => all)
    .filter(({ tagName }) => tagName)
    .map((declaration) => [declaration.tagName, declaration]),
);

const wrong = [];
for (const [tag, expected] of Object.entries(CONTRACT)) {
  const declaration = declarations.get(tag);
  if (!declaration) {
    wrong.push(`<${tag}> is not in custom-elements.json`);
    continue;
  }
  const { members = [] } = declaration;
  const has = {
    ...Object.fromEntries(
      ['attributes', 'events', 'slots', 'cssParts', 'cssProperties', 'cssStates'].map((kind) => [
        kind,
        (declaration[kind] ?? []).map(({ name }) => name),
      ]),
    ),
    fields: members.filter(({ kind }) => kind === 'field').map(({ name }) => name),
    methods: members.filter(({ kind }) => kind === 'method').map(({ name }) => name),
  };
  for (const [kind, names] of Object.entries(expected)) {
    for (const name of names) {
      if (!has[kind].includes(name)) wrong.push(`<${tag}> lacks ${kind}: ${name || '(default)'}`);
    }
  }
  // What leaks in from the inside would be offered by every editor.
  for (const name of has.attributes) {
    if (!expected.attributes.includes(name))
      wrong.push(`<${tag}> has an attribute too many: ${name}`);
  }
}
for (const line of wrong) console.error(line);
console.log(`manifest: ${wrong.length === 0 ? 'complete' : `${wrong.length} wrong`}`);
process.exit(wrong.length === 0 ? 0 : 1);
