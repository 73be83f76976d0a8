/** What happens to a connection between two browsers, done from inside one page. */
import type { Peer } from './peer.js';

/** Closed behind the driver's back: no ICE restart can bring it back. */
export const breakConnection = (peer: Peer): Promise<void> =>
  peer.eval(() => {
    for (const it of window.e2e.peers) if (it.connectionState === 'connected') it.close();
  });

/** Nothing is sent any more on a connection that says it is connected, until the driver looks again. */
export const silence = (peer: Peer): Promise<void> =>
  peer.eval(async () => {
    for (const sender of window.e2e.peers.flatMap((it) => it.getSenders()))
      if (sender.track) await sender.replaceTrack(null);
  });

/** The same for good, whatever the driver does with it. */
export const wedge = (peer: Peer): Promise<void> =>
  peer.eval(async () => {
    for (const sender of window.e2e.peers.flatMap((it) => it.getSenders())) {
      if (sender.track) await sender.replaceTrack(null);
      sender.replaceTrack = () => Promise.resolve();
    }
  });
