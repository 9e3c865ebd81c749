// In every page before its own scripts: what the page itself does not tell. It changes nothing that the page
// does, but for what is asked for by `watch.holding`.
(() => {
  const people = {}
  const connections = []
  const held = []
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })

  const watch = {
    people, // by name: how many frames of theirs were shown here, when the first one was, the colour of a corner
    connections, // every RTCPeerConnection of the page, the newest last
    clicked: 0, // when somebody was last asked for, in milliseconds
    holding: false, // whether what is sent waits, from the next offer on
    release() {
      watch.holding = false
      for (const [socket, text] of held.splice(0)) send.call(socket, text)
    },
    // The parameters of ICE that change when it is restarted, of the newest connection.
    ice: () => [/a=ice-ufrag:(\S+)/.exec(connections.at(-1)?.remoteDescription?.sdp)?.[1], connections.at(-1)?.connectionState],
    offering: () => connections.at(-1)?.signalingState === 'have-local-offer',
  }

  const look = (video, name) => {
    const seen = (people[name] ??= { frames: 0, first: Date.now(), colour: null })
    seen.frames += 1
    if (seen.colour && seen.frames % 10) return
    // A picture may come smaller than it was sent: the corner is where it is in 640x360.
    canvas.drawImage(video, video.videoWidth / 80, video.videoHeight / 45, 1, 1, 0, 0, 1, 1)
    seen.colour = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
  }
  const watched = new WeakSet()
  const find = () => {
    for (const video of document.querySelectorAll('video[data-peer], video#self')) {
      if (watched.has(video)) continue
      watched.add(video)
      const frame = () => {
        look(video, video.dataset.peer ?? '')
        video.requestVideoFrameCallback(frame)
      }
      video.requestVideoFrameCallback(frame)
    }
  }
  new MutationObserver(find).observe(document, { childList: true, subtree: true })

  addEventListener('click', ({ target }) => {
    if (target.closest?.('#meet, #join, #create')) watch.clicked = Date.now()
  }, true)

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...all) {
      super(...all)
      connections.push(this)
    }
  }

  const { send } = WebSocket.prototype
  WebSocket.prototype.send = function (text) {
    if (watch.holding && (held.length || JSON.parse(text).type === 'offer')) held.push([this, text])
    else send.call(this, text)
  }
  window.watch = watch
})()
