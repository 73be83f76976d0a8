import type { RemoteTrack, RemoteTrackPublication } from 'livekit-client';
import type { Subscription } from '../driver.js';
import type { RemoteStream } from './roster.js';

/** The track for which LiveKit has been told the size last: a new one is not told by itself. */
const told = new WeakMap<RemoteTrackPublication, RemoteTrack>();

/** Makes what LiveKit sends of a stream exactly what is wanted. */
export function receive({ publications, outdated }: RemoteStream, wanted: Subscription): void {
  const { audio, video } = publications;
  // LiveKit may send all of it by itself.
  for (const one of outdated ?? []) setSubscribed(one, false);
  if (audio) setSubscribed(audio, wanted.audio);
  if (!video) return;
  // A picture out of sight is paused: it comes back quicker than from a new subscription.
  const paused = !wanted.video && wanted.audio && video.isSubscribed;
  setSubscribed(video, wanted.video || paused);
  if (video.track && video.isEnabled === paused) video.setEnabled(!paused);
  if (wanted.video) size(video, wanted);
}

function setSubscribed(publication: RemoteTrackPublication, wanted: boolean): void {
  if (publication.isDesired !== wanted) publication.setSubscribed(wanted);
}

function size(video: RemoteTrackPublication, { width, height }: Subscription): void {
  // Before the track is there the size would be ignored.
  if (!video.track || !width || !height) return;
  if (told.get(video) !== video.track) video.emitTrackUpdate();
  told.set(video, video.track);
  video.setVideoDimensions({ width: Math.round(width), height: Math.round(height) });
}
