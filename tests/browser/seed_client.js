// A client as the seed's are: a WebSocket without subprotocol, a userId in the address, and who comes first in
// `peers` offers to those behind. It knows nothing of any server but what the seed's document shows.
//
//   /seed_client.html?userId=ada&size=2

const query = new URLSearchParams(location.search)
const me = query.get('userId')
const calls = {}
const heard = []
const ws = new WebSocket(`ws://${location.host}/signal?userId=${encodeURIComponent(me)}`)

const picture = document.createElement('canvas')
picture.width = 320
picture.height = 180
const brush = picture.getContext('2d')
let tick = 0
setInterval(() => {
  brush.fillStyle = 'rgb(200, 40, 160)'
  brush.fillRect(0, 0, 320, 180)
  brush.fillStyle = 'white'
  brush.fillRect(60 + (tick++ % 200), 60, 20, 60)
}, 66)
const stream = picture.captureStream(15)

function send(message) {
  ws.send(JSON.stringify({ ...message, from: me }))
}

function open(peer) {
  const pc = new RTCPeerConnection()
  calls[peer] = pc
  stream.getTracks().forEach((track) => pc.addTrack(track, stream))
  pc.onicecandidate = ({ candidate }) => candidate && send({ type: 'ice-candidate', to: peer, candidate })
  pc.ontrack = ({ streams }) => {
    let video = document.querySelector('video')
    if (!video) {
      video = document.createElement('video')
      video.dataset.peer = peer
      video.autoplay = video.muted = true
      document.querySelector('main').append(video)
    }
    video.srcObject = streams[0]
  }
  pc.ondatachannel = ({ channel }) => use(channel)
  return pc
}

function use(channel) {
  channel.onmessage = ({ data }) => heard.push(data)
  channel.onopen = () => channel.send(`hello from ${me}`)
}

async function roomFound({ peers }) {
  for (const peer of peers.slice(peers.indexOf(me) + 1)) {
    const pc = open(peer)
    use(pc.createDataChannel('chat'))
    const offer = await pc.createOffer()
    await pc.setLocalDescription(offer)
    send({ type: 'offer', to: peer, sdp: offer })
  }
}

async function take(message) {
  const { type, from, sdp, candidate } = message
  if (type === 'room-found') return roomFound(message)
  if (type === 'offer') {
    const pc = open(from)
    await pc.setRemoteDescription(sdp)
    const answer = await pc.createAnswer()
    await pc.setLocalDescription(answer)
    send({ type: 'answer', to: from, sdp: answer })
  } else if (type === 'answer') {
    await calls[from].setRemoteDescription(sdp)
  } else if (type === 'ice-candidate') {
    await calls[from].addIceCandidate(candidate)
  } else throw new Error(`not of the seed's dialect: ${type}`)
}

// One after another, or a candidate would overtake the description before it.
let chain = Promise.resolve()
ws.onmessage = ({ data }) => { chain = chain.then(() => take(JSON.parse(data))) }
ws.onopen = () => send({ type: 'matchmaking', matchSize: Number(query.get('size')) })
