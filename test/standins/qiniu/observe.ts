/**
 * Served in front of the SDK, which is unchanged. Qiniu's SDK never tells its servers how it answers
 * on the connection on which it receives: they take any certificate and any ICE password. A browser
 * as the other end does not; so the answer is told from here.
 */
const origin = new URL((document.currentScript as HTMLScriptElement).src).origin;
const prototype: { setLocalDescription: Describe } = RTCPeerConnection.prototype;
type Describe = (description?: RTCLocalSessionDescriptionInit) => Promise<void>;
const describe = prototype.setLocalDescription;

prototype.setLocalDescription = async function (
  this: RTCPeerConnection,
  description?: RTCLocalSessionDescriptionInit,
): Promise<void> {
  await describe.call(this, description);
  const offer = this.remoteDescription;
  if (description?.type !== 'answer' || !offer) return;
  const ufrag = /^a=ice-ufrag:(.*?)\r?$/m.exec(offer.sdp)?.[1];
  const body = JSON.stringify({ ufrag, sdp: this.localDescription?.sdp });
  await fetch(`${origin}/observed`, { method: 'POST', body });
};

export {};
