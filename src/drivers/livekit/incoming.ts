import type { RemoteTrack, RemoteTrackPublication } from 'livekit-client';
import type { Subscription } from '../driver.js';
import type { RemoteStream } from './roster.js';

/** The track for which LiveKit has been told the size last: a new one is not told by itself. */
const told = new WeakMap<RemoteTrackPublication, RemoteTrack>();

/**
 * Makes what LiveKit sends of a stream exactly what is wanted.
 * @param again Called when a picture begins to flow, which is told its size only then; always the
 *   same function.
 */
export function receive(
  { publications, outdated }: RemoteStream,
  wanted: Subscription,
  again: () => void,
): void {
  const { audio, video } = publications;
  // LiveKit may send all of it by itself.
  for (const one of outdated ?? []) setSubscribed(one, false);
  if (audio) setSubscribed(audio, wanted.audio);
  if (!video) return;
  // A picture out of sight is paused: it comes back quicker than from a new subscription.
  const paused = !wanted.video && wanted.audio && video.isSubscribed;
  setSubscribed(video, wanted.video || paused);
  if (video.track && video.isEnabled === paused) video.setEnabled(!paused);
  if (wanted.video) size(video, wanted, again);
}

function setSubscribed(publication: RemoteTrackPublication, wanted: boolean): void {
  if (publication.isDesired !== wanted) publication.setSubscribed(wanted);
}

/**
 * A picture begins with its smallest layer, which is there at once. A larger one that the publisher
 * has no room for yet would be waited for: a second in livekit-server's `initialLayerAcquisitionGrace`,
 * another between two requests for its keyframe.
 */
function size(
  video: RemoteTrackPublication,
  { width, height }: Subscription,
  again: () => void,
): void {
  // Before the track is there the size would be ignored.
  if (!video.track || !width || !height) return;
  const { track } = video;
  const before = told.get(video);
  if (before !== track && track.mediaStreamTrack.muted) {
    track.mediaStreamTrack.addEventListener('unmute', again, { once: true });
    return;
  }
  told.set(video, track);
  video.setVideoDimensions({ width: Math.round(width), height: Math.round(height) });
  if (before && before !== track) video.emitTrackUpdate();
}
