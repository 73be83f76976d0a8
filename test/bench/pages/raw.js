/**
 * A call for two as it is usually written by hand, and as well: socket, camera, join; who is there
 * offers to who comes; candidates trickle.
 */
const socket = new WebSocket(`ws://${location.host}/raw`);
await new Promise((resolve, reject) => {
  socket.onopen = resolve;
  socket.onerror = reject;
});
const media = await navigator.mediaDevices.getUserMedia({
  audio: true,
  // As the attribute `video` asks for.
  video: { width: 854, height: 480, frameRate: 30 },
});
document.querySelector('#local').srcObject = media;

const send = (message) => socket.send(JSON.stringify(message));
let connection;

function connect() {
  connection?.close();
  connection = new RTCPeerConnection();
  for (const track of media.getTracks()) connection.addTrack(track, media);
  connection.onicecandidate = ({ candidate }) => send({ candidate });
  connection.ontrack = ({ streams }) => {
    document.querySelector('#remote').srcObject = streams[0];
    document.body.classList.add('pair');
  };
}

socket.onmessage = async ({ data }) => {
  const message = JSON.parse(data);
  if (message.joined) {
    window.benchReady = true;
  } else if (message.newcomer) {
    connect();
    await connection.setLocalDescription();
    send({ description: connection.localDescription });
  } else if (message.description?.type === 'offer') {
    connect();
    await connection.setRemoteDescription(message.description);
    await connection.setLocalDescription();
    send({ description: connection.localDescription });
  } else if (message.description) {
    await connection.setRemoteDescription(message.description);
  } else if ('candidate' in message) {
    await connection.addIceCandidate(message.candidate);
  }
};
send({ join: new URLSearchParams(location.search).get('room') });
