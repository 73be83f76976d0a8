/**
 * The media server of the stand-in: runs in a Chromium page of its own. It receives what SDKs
 * publish and sends it on, encoded anew, to those who subscribe. Self-contained: it is handed to
 * the page as text.
 */
export interface Section {
  mid: string;
  ssrc: number;
  rtxSsrc: number;
  cname: string;
  msid: string;
}

export interface Transport {
  ufrag: string;
  password: string;
  fingerprint: string;
  candidates: {
    foundation: string;
    priority: number;
    ip: string;
    protocol: 'udp';
    port: number;
    type: 'host';
  }[];
}

export interface Media {
  /** An SDK's offer of what it sends. `tracks`: our id of each section. */
  receive(pcId: string, offer: string, tracks: Record<string, string>): Promise<Transport>;
  /** What an SDK unpublished: it renegotiates with itself, and tells the names only. */
  remove(pcId: string, trackIds: string[]): Promise<void>;
  /** Sends these on over a connection that is made, or exists. */
  send(pcId: string, trackIds: string[]): Promise<{ transport: Transport; sections: Section[] }>;
  /** The other end of a sending connection, as its page was seen to answer. */
  answer(pcId: string, answer: string): Promise<void>;
  stop(pcId: string, trackIds: string[]): Promise<void>;
  close(pcId: string): void;
}

declare global {
  interface Window {
    media: Media;
    /** Given by the stand-in. */
    mediaConnected(pcId: string): Promise<void>;
  }
}

export function installMedia(): void {
  interface Receiving {
    pc: RTCPeerConnection;
    offer: string;
    /** By our id of a track. */
    mids: Map<string, string>;
  }
  interface Sending {
    pc: RTCPeerConnection;
    transceivers: Map<string, RTCRtpTransceiver>;
    /** Of the other end, once it is known. */
    remote: { ufrag: string; password: string; fingerprint: string } | null;
  }
  const received = new Map<string, MediaStreamTrack>();
  const receivers = new Map<string, Receiving>();
  const senders = new Map<string, Sending>();

  const field = (sdp: string, name: string): string =>
    new RegExp(`^a=${name}:(.*?)\\r?$`, 'm').exec(sdp)?.[1] ?? '';

  const gathered = (pc: RTCPeerConnection): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (pc.iceGatheringState === 'complete') resolve();
      };
      pc.addEventListener('icegatheringstatechange', check);
      check();
    });

  const connection = (pcId: string): RTCPeerConnection => {
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    pc.addEventListener('connectionstatechange', () => {
      if (pc.connectionState === 'connected') void window.mediaConnected(pcId);
    });
    return pc;
  };

  /** The codecs that the room's capabilities name. */
  const prefer = (transceiver: RTCRtpTransceiver, kind: string): void => {
    const wanted = kind === 'audio' ? ['audio/opus'] : ['video/VP8', 'video/rtx'];
    const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
    transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => wanted.includes(mimeType)));
  };

  /** Without what the room's capabilities do not name either. */
  const plain = (sdp: string): string =>
    sdp.replace(/^a=(extmap|extmap-allow-mixed|rtcp-fb:\d+ transport-cc).*\r?\n/gm, '');

  const transportOf = (sdp: string): Transport => ({
    ufrag: field(sdp, 'ice-ufrag'),
    password: field(sdp, 'ice-pwd'),
    fingerprint: field(sdp, 'fingerprint').replace('sha-256 ', ''),
    candidates: [...sdp.matchAll(/^a=candidate:(\S+) 1 udp (\d+) ([\d.]+) (\d+) typ host/gm)].map(
      ([, foundation = '', priority, ip = '', port]) => ({
        foundation,
        priority: Number(priority),
        ip,
        protocol: 'udp',
        port: Number(port),
        type: 'host',
      }),
    ),
  });

  const renegotiate = async ({ pc, remote }: Sending): Promise<void> => {
    await pc.setLocalDescription(await pc.createOffer());
    await gathered(pc);
    if (!remote) return;
    const { ufrag, password, fingerprint } = remote;
    const sdp = plain(pc.localDescription?.sdp ?? '')
      .replace(/^a=(ssrc|ssrc-group|msid|candidate|end-of-candidates).*\r?\n/gm, '')
      .replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${ufrag}`)
      .replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${password}`)
      .replace(/^a=fingerprint:.*$/gm, `a=fingerprint:${fingerprint}`)
      .replace(/^a=setup:.*$/gm, 'a=setup:active')
      .replace(/^a=sendonly/gm, 'a=recvonly');
    await pc.setRemoteDescription({ type: 'answer', sdp });
  };

  /** One offer is not answered before the next is made. */
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const mine = queue.then(run);
    queue = mine.catch(() => undefined);
    return mine;
  };

  const sectionOf = (sdp: string, mid: string): Section => {
    const text = sdp.split(/^m=/m).find((one) => field(one, 'mid') === mid) ?? '';
    const [, ssrc, rtx] = /^a=ssrc-group:FID (\d+) (\d+)/m.exec(text) ?? [];
    const [, first, cname = ''] = /^a=ssrc:(\d+) cname:(.*?)\r?$/m.exec(text) ?? [];
    const [msid = ''] = field(text, 'msid').split(' ');
    return { mid, ssrc: Number(ssrc ?? first), rtxSsrc: Number(rtx ?? 0), cname, msid };
  };

  window.media = {
    receive: (pcId, offer, tracks) =>
      inTurn(async () => {
        const receiving: Receiving = receivers.get(pcId) ?? {
          pc: connection(pcId),
          offer: '',
          mids: new Map(),
        };
        receivers.set(pcId, receiving);
        const { pc } = receiving;
        receiving.offer = plain(offer);
        for (const [mid, trackId] of Object.entries(tracks)) receiving.mids.set(trackId, mid);
        await pc.setRemoteDescription({ type: 'offer', sdp: receiving.offer });
        for (const transceiver of pc.getTransceivers()) {
          const { track } = transceiver.receiver;
          const trackId = tracks[transceiver.mid ?? ''];
          if (transceiver.currentDirection === 'stopped') continue;
          prefer(transceiver, track.kind);
          if (!trackId) continue;
          received.set(trackId, track);
          if (track.kind === 'video') continue;
          // Chromium decodes a remote sound only while something plays it.
          const audio = new Audio();
          audio.muted = true;
          audio.srcObject = new MediaStream([track]);
          await audio.play();
        }
        await pc.setLocalDescription(await pc.createAnswer());
        await gathered(pc);
        return transportOf(pc.localDescription?.sdp ?? '');
      }),

    remove: (pcId, trackIds) =>
      inTurn(async () => {
        const receiving = receivers.get(pcId);
        if (!receiving) return;
        const { pc, mids } = receiving;
        const gone = trackIds.flatMap((id) => mids.get(id) ?? []);
        // Rejected, so that the SDK's next offer may use the sections anew.
        receiving.offer = receiving.offer
          .split(/^(?=m=)/m)
          .map((text) =>
            gone.includes(field(text, 'mid'))
              ? text.replace(/^m=(\w+) \d+/, 'm=$1 0').replace(/^a=sendonly/m, 'a=inactive')
              : text,
          )
          .join('')
          .replace(/^a=group:BUNDLE.*$/m, (line) =>
            line
              .split(' ')
              .filter((mid) => !gone.includes(mid))
              .join(' '),
          );
        await pc.setRemoteDescription({ type: 'offer', sdp: receiving.offer });
        await pc.setLocalDescription(await pc.createAnswer());
      }),

    send: (pcId, trackIds) =>
      inTurn(async () => {
        const sending: Sending = senders.get(pcId) ?? {
          pc: connection(pcId),
          transceivers: new Map(),
          remote: null,
        };
        senders.set(pcId, sending);
        for (const trackId of trackIds) {
          const track = received.get(trackId);
          if (!track) throw new Error(`nothing was received of ${trackId}`);
          const transceiver = sending.pc.addTransceiver(track, {
            direction: 'sendonly',
            streams: [new MediaStream()],
          });
          prefer(transceiver, track.kind);
          sending.transceivers.set(trackId, transceiver);
        }
        await renegotiate(sending);
        const sdp = sending.pc.localDescription?.sdp ?? '';
        return {
          transport: transportOf(sdp),
          sections: trackIds.map((trackId) =>
            sectionOf(sdp, sending.transceivers.get(trackId)?.mid ?? ''),
          ),
        };
      }),

    answer: (pcId, answer) =>
      inTurn(async () => {
        const sending = senders.get(pcId);
        if (!sending || sending.remote) return;
        sending.remote = {
          ufrag: field(answer, 'ice-ufrag'),
          password: field(answer, 'ice-pwd'),
          fingerprint: field(answer, 'fingerprint'),
        };
        await renegotiate(sending);
      }),

    stop: (pcId, trackIds) =>
      inTurn(async () => {
        const { transceivers } = senders.get(pcId) ?? {};
        for (const trackId of trackIds) {
          await transceivers?.get(trackId)?.sender.replaceTrack(null);
          transceivers?.delete(trackId);
        }
      }),

    close: (pcId) => {
      receivers.get(pcId)?.pc.close();
      receivers.delete(pcId);
      senders.get(pcId)?.pc.close();
      senders.delete(pcId);
    },
  };
}
