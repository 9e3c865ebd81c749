// The test picture: a name, a clock and three balls that move, on a ground of the name's own colour.

const WIDTH = 640
const HEIGHT = 360
const RATE = 15

/** A hue for each name, the same in every browser. */
const hueOf = (name) => [...name].reduce((hash, char) => (hash * 31 + char.codePointAt(0)) % 360, 7)

/** Draw until the track is stopped. Returns the stream with that track. */
export function drawPicture(name) {
  const canvas = document.createElement('canvas')
  canvas.width = WIDTH
  canvas.height = HEIGHT
  const pen = canvas.getContext('2d')
  const stream = canvas.captureStream(RATE)
  const [track] = stream.getVideoTracks()
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  const draw = () => {
    if (track.readyState === 'ended') return clearInterval(timer)
    paint(pen, name, calm.matches ? 0 : performance.now() / 1000)
  }
  const timer = setInterval(draw, 1000 / RATE)
  return stream
}

function paint(pen, name, seconds) {
  const hue = hueOf(name)
  pen.fillStyle = `hsl(${hue} 45% 34%)`
  pen.fillRect(0, 0, WIDTH, HEIGHT)
  for (let ball = 0; ball < 3; ball++) {
    const turn = seconds * (0.5 + ball * 0.17) + ball * 2.1
    pen.fillStyle = `hsl(${hue + 40 + ball * 35} 60% 62% / 0.55)`
    pen.beginPath()
    pen.arc(WIDTH / 2 + Math.cos(turn) * 190, HEIGHT / 2 + Math.sin(turn * 1.3) * 95, 64 - ball * 13, 0, 7)
    pen.fill()
  }
  pen.fillStyle = '#fff'
  pen.textAlign = 'center'
  pen.font = `600 ${Math.min(46, 500 / name.length)}px system-ui, sans-serif`
  pen.fillText(name, WIDTH / 2, HEIGHT / 2 + 4)
  pen.font = '24px ui-monospace, monospace'
  pen.fillText(new Date().toTimeString().slice(0, 8), WIDTH / 2, HEIGHT / 2 + 48)
}
