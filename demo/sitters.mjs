/** Drawn people for the cameras of screenshots.mjs. Runs inside the page: it may use nothing from outside. */
export function sit(names) {
  const LOOKS = {
    alice: {
      wall: ['#c7d7e8', '#8fa9c4'],
      window: '#eef5fb',
      skin: '#f1c7a5',
      hair: '#4a2c20',
      shirt: '#3d5a80',
      long: true,
    },
    bob: {
      wall: ['#e6d8c3', '#c0a98a'],
      window: '#fdf6e8',
      skin: '#8d5a3b',
      hair: '#1d1512',
      shirt: '#2f6f5e',
      long: false,
    },
    carol: {
      wall: ['#d9cfe6', '#a795c0'],
      window: '#f6f0fc',
      skin: '#e2b08c',
      hair: '#a4552a',
      shirt: '#8a3b58',
      long: true,
    },
    dan: {
      wall: ['#cfe3d6', '#8fb39d'],
      window: '#f1faf4',
      skin: '#f4d3b8',
      hair: '#c69a4f',
      shirt: '#46506b',
      long: false,
    },
  };

  function draw(context, look, width, height, time) {
    const unit = height / 100;
    const wall = context.createLinearGradient(0, 0, width, height);
    wall.addColorStop(0, look.wall[0]);
    wall.addColorStop(1, look.wall[1]);
    context.fillStyle = wall;
    context.fillRect(0, 0, width, height);
    context.fillStyle = look.window;
    context.fillRect(width * 0.06, 12 * unit, 26 * unit, 40 * unit);
    context.fillStyle = look.wall[1];
    context.fillRect(width * 0.06 + 12.4 * unit, 12 * unit, 1.4 * unit, 40 * unit);
    context.fillStyle = look.wall[0];
    context.fillRect(width - 38 * unit, 30 * unit, 34 * unit, 2 * unit);
    for (const [index, tall] of [14, 17, 12, 16, 10].entries()) {
      context.fillStyle = [look.shirt, look.hair, look.window, look.wall[1], look.skin][index];
      context.fillRect(
        width - (35 - index * 4.4) * unit,
        (30 - tall) * unit,
        3.4 * unit,
        tall * unit,
      );
    }
    const x = width / 2 + Math.sin(time / 1900) * unit;
    const y = 46 * unit + Math.sin(time / 1300) * 0.5 * unit;
    const oval = (dx, dy, rx, ry, colour) => {
      context.fillStyle = colour;
      context.beginPath();
      context.ellipse(x + dx * unit, y + dy * unit, rx * unit, ry * unit, 0, 0, 7);
      context.fill();
    };
    if (look.long) oval(0, 5, 22, 30, look.hair);
    oval(0, 62, 37, 32, look.shirt);
    oval(0, 27, 8.5, 13, look.skin);
    oval(0, 34, 9.5, 4, look.skin);
    oval(-16.5, 2, 3, 4.5, look.skin);
    oval(16.5, 2, 3, 4.5, look.skin);
    oval(0, 0, 16.5, 21, look.skin);
    context.fillStyle = look.hair;
    context.beginPath();
    context.ellipse(x, y - 8 * unit, 17.6 * unit, 16 * unit, 0, Math.PI, 0);
    context.quadraticCurveTo(x + 12 * unit, y - 14 * unit, x - 2 * unit, y - 13 * unit);
    context.quadraticCurveTo(x - 14 * unit, y - 12 * unit, x - 17.6 * unit, y - 6 * unit);
    context.fill();
    for (const side of [-6.4, 6.4]) {
      oval(side, 0, 2.6, 1.9, '#fff');
      oval(side, 0, 1.5, 1.6, '#2b211c');
      context.fillStyle = look.hair;
      context.fillRect(x + (side - 3.2) * unit, y - 5 * unit, 6.4 * unit, 1.2 * unit);
    }
    context.strokeStyle = '#00000055';
    context.lineWidth = 1.1 * unit;
    context.lineCap = 'round';
    context.beginPath();
    context.arc(x, y + 7.5 * unit, 5.5 * unit, 0.5, Math.PI - 0.5);
    context.stroke();
  }

  let next = 0;
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = constraints.audio ? await real({ audio: constraints.audio }) : new MediaStream();
    if (!constraints.video) return stream;
    const look = LOOKS[names[next % names.length]];
    next += 1;
    const canvas = Object.assign(document.createElement('canvas'), { width: 854, height: 480 });
    const context = canvas.getContext('2d');
    const paint = () => draw(context, look, canvas.width, canvas.height, performance.now());
    paint();
    const [track] = canvas.captureStream(12).getVideoTracks();
    const timer = setInterval(
      () => (track.readyState === 'live' ? paint() : clearInterval(timer)),
      80,
    );
    stream.addTrack(track);
    return stream;
  };
}
