/** The room's codecs, by the payload types that this browser gives them in the offer it shows. */
export function capabilitiesOf(sdp: string): unknown {
  const [, audio = '', video = ''] = [
    '',
    ...['audio', 'video'].map((kind) => sdp.split(/^m=/m).find((one) => one.startsWith(kind))),
  ];
  const opus = payload(audio, 'opus/48000/2');
  const vp8 = payload(video, 'VP8/90000');
  const rtx = Number(new RegExp(`^a=fmtp:(\\d+) apt=${vp8}\\b`, 'm').exec(video)?.[1]);
  return {
    codecs: [
      {
        name: 'opus',
        mimeType: 'audio/opus',
        kind: 'audio',
        clockRate: 48000,
        channels: 2,
        sendPayloadType: opus,
        recvPayloadType: opus,
        rtcpFeedback: [],
        parameters: { minptime: 10, useinbandfec: 1 },
      },
      {
        name: 'VP8',
        mimeType: 'video/VP8',
        kind: 'video',
        clockRate: 90000,
        sendPayloadType: vp8,
        sendRtxPayloadType: rtx,
        recvPayloadType: vp8,
        recvRtxPayloadType: rtx,
        rtcpFeedback: [
          { type: 'goog-remb' },
          { type: 'ccm', parameter: 'fir' },
          { type: 'nack' },
          { type: 'nack', parameter: 'pli' },
        ],
        parameters: { 'x-google-start-bitrate': 300 },
      },
    ],
    headerExtensions: [],
    fecMechanisms: [],
  };
}

function payload(section: string, codec: string): number {
  const found = new RegExp(`^a=rtpmap:(\\d+) ${codec}`, 'm').exec(section)?.[1];
  if (!found) throw new Error(`the browser's offer has no ${codec}`);
  return Number(found);
}
