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
    const nothing = (): Promise<void> => Promise.resolve();
    // Not one that is held ready, which may be what takes its place.
    const open = window.e2e.peers.filter(({ connectionState }) => connectionState === 'connected');
    for (const sender of open.flatMap((it) => it.getSenders())) {
      if (sender.track) {
        await sender.replaceTrack(null);
        // Firefox goes on sending a black picture else.
        const parameters = sender.getParameters();
        for (const encoding of parameters.encodings) encoding.active = false;
        await sender.setParameters(parameters);
      }
      Object.assign(sender, { replaceTrack: nothing, setParameters: nothing });
    }
  });

/** The driver finds its connection failed, once: it looks for a new route by an ICE restart. */
export const failIce = (peer: Peer): Promise<void> =>
  peer.eval(() => {
    const it = window.e2e.peers.find(({ connectionState }) => connectionState === 'connected');
    if (!it) throw new Error('nothing is connected');
    Object.defineProperty(it, 'iceConnectionState', { value: 'failed', configurable: true });
    // Firefox hands an event of the page's own to nobody.
    it.oniceconnectionstatechange?.(new Event('iceconnectionstatechange'));
    Reflect.deleteProperty(it, 'iceConnectionState');
  });

/** Another one after an ICE restart. Of the connection that carries the call: not one held ready. */
export const ufrag = (peer: Peer): Promise<string | undefined> =>
  peer.eval(() => {
    const it = window.e2e.peers.find(({ connectionState }) => connectionState === 'connected');
    return /ice-ufrag:(\S+)/.exec(it?.localDescription?.sdp ?? '')?.[1];
  });
