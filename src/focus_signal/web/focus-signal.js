// focus-signal in the browser: docs/browser.md tells how to use it.

export class SignalError extends Error {
  constructor(code, message = code, more) {
    super(message)
    Object.assign(this, more, { name: 'SignalError', code })
  }
}

const bare = (code) => code?.toUpperCase().replace(/-/g, '')
const tell = (target, type, detail) => target.dispatchEvent(new CustomEvent(type, { detail }))

export function connect(address, options = {}) {
  const url = new URL(address, globalThis.location?.href)
  url.protocol = url.protocol.replace('http', 'ws')
  const key = `focus-signal ${url} ${options.userId}`
  const requests = new Map()
  const calls = new Map()
  const early = new Map()
  const over = new AbortController()
  const warned = {}
  let seekers = []
  let socket, token, retry, watch
  let plain = false // a server of the seed's dialect
  let sure = false
  let held = true // until the server knows its token came
  let parted = false // with every answer
  let restored = false
  let seen = 0
  let lastId = 0
  let tries = 0
  let quiet = 0
  let wait = 0
  let openAt, lostAt, storage, known

  const self = Object.assign(new EventTarget(), {
    state: 'connecting', // open, away, open ... closed
    userId: options.userId,
    room: null,
    iceServers: [],
    limits: {},

    match: (terms) => seek('matchmaking', terms > 0 ? { matchSize: terms } : terms),
    cancel: () => self.request('cancel'),
    create: (maxSize, code) => seek('room-create', { maxSize, code }),
    join: (code) => seek('room-join', { code }),
    leave: () => self.request('room-leave'),
    send: (to, data) => self.request('signal', { to, data }),
    broadcast: (data) => self.request('broadcast', { data }),

    request: (type, fields) => new Promise((resolve, reject) => post(type, fields, resolve, reject)),

    call(peer, terms) {
      calls.get(peer)?.close()
      const call = openCall(self, peer, terms, restored)
      calls.set(peer, call)
      call.addEventListener('close', () => calls.delete(peer))
      early.get(peer)?.forEach(call.take)
      early.delete(peer)
      return call
    },

    close() {
      socket?.close?.(1000)
      end(1000, 'closed')
    },
  })

  function post(type, fields, resolve, reject) {
    if (over.signal.aborted) return reject(new SignalError('closed'))
    requests.set(++lastId, { type, fields, resolve, reject })
    flush()
  }

  async function dial() {
    drop()
    watchEvery(10)
    let mine = (socket = {})
    if (plain) self.userId ??= `user-${Math.random().toString(36).slice(2)}`
    if (self.userId) url.searchParams.set('userId', self.userId)
    const protocols = []
    if (!plain) {
      let proof = options.token
      try {
        if (proof?.call) proof = await proof()
      } catch {
        return mine === socket && lost(1013, 'no token')
      }
      protocols.push('focus-signal.v1')
      if (proof) protocols.push(`token.${proof}`)
      if (token) protocols.push(`resume.${token}.${seen}`)
    }
    if (mine !== socket) return
    mine = socket = new WebSocket(url, protocols)
    mine.onopen = () => {
      openAt = Date.now()
      if (!plain) return (known = true)
      if (sure) return open({ resumed: true })
      plain = false
      sure = true
      dial()
    }
    mine.onmessage = ({ data }) => mine === socket && read(data)
    mine.onclose = ({ code, reason }) => mine === socket && lost(code, reason)
  }

  function drop() {
    clearTimeout(retry)
    clearInterval(watch)
    const last = socket
    socket = null
    last?.close?.()
  }

  function watchEvery(seconds) {
    clearInterval(watch)
    quiet = 0
    const look = () => (self.state === 'open' && quiet++ < 2 ? ping() : lost(1006, 'silence'))
    watch = setInterval(look, seconds * 1000)
  }

  function lost(code, reason) {
    drop()
    const renewable = options.token?.call && (code === 4502 || code === 4503)
    if (!renewable && ![1001, 1005, 1006, 1011, 1012, 1013].includes(code) && (code < 4000 || code >= 4500)) return end(code, reason)
    const now = Date.now()
    if (self.state === 'open') {
      if (now - openAt > 5000) tries = 0
      lostAt = now
      parted = code === 1012
      self.state = 'away'
      plain = false
    } else if (code === 1006 && !known) plain = !plain // browsers fail where nobody knows the protocol
    const { grace = 30 } = self.limits
    let most = Math.min(30, 0.5 * 2 ** tries++)
    if (token && now - lostAt < grace * 1000) most = Math.min(most, grace / 4)
    const retryIn = Math.random() * most + +(/retry=([\d.]+)/.exec(reason)?.[1] ?? wait)
    wait = 0
    retry = setTimeout(dial, retryIn * 1000)
    tell(self, 'away', { code, reason, retryIn })
  }

  function end(code, reason) {
    if (over.signal.aborted) return
    over.abort()
    self.state = 'closed'
    drop()
    forget()
    const error = new SignalError('closed', `${code} ${reason}`)
    for (const { reject } of [...requests.values(), ...seekers]) reject(error)
    leave()
    tell(self, 'closed', { code, reason })
  }

  function read(text) {
    let message = {}
    try {
      message = JSON.parse(text) ?? message
    } catch {
      // told below
    }
    const { type, seq } = message
    quiet = 0
    if (seq && type !== 'welcome') {
      if (seq !== seen + 1) return seq > seen && lost(1006, 'gap')
      seen = seq
      if (seen % 50 === 0) ping()
    }
    const { room } = self
    const { id, from, peer, reason } = message
    const without = (list) => list.filter((other) => other !== peer)
    switch (type) {
      case 'welcome':
        return open(message)
      case 'session':
        token = message.session
        if (globalThis.document?.hidden) keep()
        return ping()
      case 'pong':
        held = false
        return flush()
      case 'ack':
        for (const each of requests.keys()) if (each <= id) settle(each).resolve()
        return
      case 'error':
        if (!requests.has(id)) break
        return settle(id).reject(new SignalError(message.code, message.message, message))
      case 'ice-servers':
        self.iceServers = message.iceServers
        return
      case 'going-away':
        wait = message.reconnectIn
        break
      case 'room-found':
        return enter(message, true)
      case 'room-closed':
        leave()
        break
      case 'match-ended': {
        const asked = waiting('match')
        if (reason === 'replaced') asked.pop()
        answer(asked, 'reject', new SignalError(reason))
        break
      }
      case 'peer-joined':
        room.peers = [...without(room.peers), peer]
        break
      case 'peer-away':
        room.away.push(peer)
        break
      case 'peer-left':
        room.peers = without(room.peers)
        hangUp(peer)
      case 'peer-back':
        room.away = without(room.away)
        calls.get(peer)?.back(message.resumed)
        break
      case 'offer':
      case 'answer':
      case 'ice-candidate': {
        const kept = early.get(from) ?? []
        if (calls.has(from)) calls.get(from).take(message)
        else if (kept.push(message) <= 200) early.set(from, kept)
      }
      case 'queued':
      case 'match-proposed':
      case 'signal':
      case 'broadcast':
        break
      default:
        return (warned[type] ||= !console.warn('focus-signal: unknown message', type))
    }
    tell(self, type, message)
  }

  function open(welcome) {
    const { resumed, heartbeat = 1e6, state = {} } = welcome
    if (welcome.why) token = null
    const same = token && 'lastId' in welcome
    if (!resumed) seen = welcome.seq
    held = !same && !plain
    for (const [id, request] of requests) {
      if (!request.sent) continue
      request.sent = same && id <= welcome.lastId
      if (same ? request.sent && !resumed : !parted) settle(id).reject(new SignalError('lost'))
    }
    lastId = Math.max(lastId, welcome.lastId ?? 0)
    const { userId = self.userId, iceServers = [], limits = {} } = welcome
    Object.assign(self, { userId, iceServers, limits, state: 'open' })
    watchEvery(heartbeat)
    tell(self, 'open', welcome)
    const { roomId } = self.room ?? {}
    if (!resumed && roomId !== state.room?.roomId && leave()) tell(self, 'room-closed', { roomId, reason: 'lost' })
    if (state.room) enter(state.room)
    if (plain || !(resumed || state.ticket || state.proposal)) waiting('match').forEach(ask)
    flush()
  }

  function enter({ roomId, peers, offerTo, code, seed = [], away = [] }, told) {
    const anew = self.room?.roomId !== roomId
    if (anew) leave()
    for (const peer of calls.keys()) peers.includes(peer) || hangUp(peer)
    offerTo ??= peers.slice(0, peers.indexOf(self.userId))
    self.room = { roomId, peers, offerTo, code, seed, away }
    if (anew || told) answer(waiting(code ? 'room-' : 'match'), 'resolve', self.room)
    tell(self, 'room-found', self.room)
  }

  function leave() {
    const { room } = self
    self.room = null
    restored = false
    for (const peer of [...calls.keys(), ...early.keys()]) hangUp(peer)
    return room
  }

  function hangUp(peer) {
    early.delete(peer)
    calls.get(peer)?.close()
  }

  const seek = (type, terms) =>
    new Promise((resolve, reject) => {
      const seeker = { type, terms, resolve, reject }
      seekers.push(seeker)
      ask(seeker)
    })

  function ask(seeker) {
    const { type, terms } = seeker
    const asked = () => {
      seeker.asked = true
      if (type === 'room-join' && bare(terms.code) === bare(self.room?.code)) answer([seeker], 'resolve', self.room)
    }
    seeker.asked = false
    const refused = (error) => (error.code === 'lost' && type === 'matchmaking' ? asked() : answer([seeker], 'reject', error))
    post(type, terms, asked, refused)
  }

  const waiting = (type) => seekers.filter((seeker) => seeker.asked && seeker.type.startsWith(type))

  function answer(some, how, what) {
    seekers = seekers.filter((seeker) => !some.includes(seeker))
    for (const seeker of some) seeker[how](what)
  }

  function settle(id) {
    const request = requests.get(id)
    requests.delete(id)
    return request
  }

  function flush() {
    if (self.state !== 'open' || held) return
    for (const [id, request] of requests) {
      if (request.sent) continue
      request.sent = true
      const { type, fields } = request
      say({ type, ...fields, ...(plain ? { from: self.userId } : { id, seen }) })
      if (plain) settle(id).resolve()
    }
  }

  const say = (message) => socket.send(JSON.stringify(message))
  const ping = () => say({ type: 'ping', seen })

  function keep() {
    if (token) storage?.setItem(key, JSON.stringify([self.userId, token, seen, self.room]))
  }

  const forget = () => storage?.removeItem(key)

  try {
    ;({ storage = globalThis.sessionStorage } = options)
    ;[self.userId, token, seen, self.room] = JSON.parse(storage.getItem(key))
    lostAt = Date.now()
    known = restored = true
    forget()
  } catch {
    // nothing is kept, or nothing may be
  }
  const on = (target, type, act) => target?.addEventListener?.(type, act, { signal: over.signal })
  on(options.signal, 'abort', self.close)
  on(globalThis, 'online', () => self.state !== 'open' && dial())
  on(globalThis, 'pagehide', keep)
  on(globalThis.document, 'visibilitychange', () => (document.hidden ? keep() : forget()))
  dial()
  if (options.signal?.aborted) self.close()
  return self
}

function openCall(connection, peer, { stream, channels = [], config } = {}, eager) {
  const { offerTo = [], seed = [] } = connection.room ?? {}
  const polite = !offerTo.includes(peer) || seed.includes(peer)
  let own, kin, last
  let ignoring // the last description, and its candidates
  let origin // another one means another RTCPeerConnection
  let chain = Promise.resolve()
  eager ||= !polite // else it waits for an offer

  const call = Object.assign(new EventTarget(), {
    peer,
    close() {
      if (ended()) return
      call.pc.close()
      tell(call, 'close')
    },
    back(resumed) {
      if (!resumed && !polite) call.pc.restartIce()
    },
    take(message) {
      chain = chain.then(() => handle(message)).catch(fault)
    },
  })
  const ended = () => call.pc.signalingState === 'closed'
  const fault = (error) => ended() || tell(call, 'fault', { error })

  function make() {
    call.pc?.close()
    call.channels = {}
    origin = own = null
    ignoring = true
    const pc = (call.pc = new RTCPeerConnection({ iceServers: connection.iceServers, ...config }))
    const add = (channel) => {
      call.channels[channel.label] = channel
      setTimeout(() => tell(call, 'channel', { channel }))
    }
    pc.ontrack = ({ track, streams: [first] }) => tell(call, 'track', { track, stream: first ?? new MediaStream([track]) })
    pc.ondatachannel = ({ channel }) => add(channel)
    pc.onicecandidate = ({ candidate }) => candidate && send('ice-candidate', { candidate })
    pc.onnegotiationneeded = () => {
      if (eager) offer()
      else setTimeout(() => eager || offer((eager = true)), 2000)
    }
    pc.onconnectionstatechange = () => {
      const state = pc.connectionState
      if (state === 'failed' && !(polite && kin)) pc.restartIce()
      if (state === 'connected' && polite && kin && !own) offer()
      tell(call, 'state', { state })
    }
    stream?.getTracks().forEach((track) => pc.addTrack(track, stream))
    channels.forEach((label, id) => add(pc.createDataChannel(label, { negotiated: true, id })))
  }

  function send(type, fields) {
    const again = ({ code }) => code === 'lost' && send(type, fields)
    if (!ended()) connection.request(type, { to: peer, ...fields }).catch(again)
  }

  async function describe(of = 1) {
    const { pc } = call
    await pc.setLocalDescription()
    const sdp = pc.localDescription
    send(sdp.type, { sdp, candidate: of })
  }

  function offer() {
    chain = chain.then(() => call.pc.signalingState === 'stable' && describe()).catch(fault)
  }

  async function handle({ type, sdp, candidate }) {
    if (ended()) return
    if (type === 'ice-candidate') return call.pc.addIceCandidate(candidate).catch((error) => ignoring || fault(error))
    const description = sdp.sdp ? sdp : { type, sdp }
    const [line] = /o=.*/.exec(description.sdp)
    const [id] = /a=fingerprint.*/.exec(description.sdp)
    kin = candidate
    const anew = origin && origin !== id
    if (anew) make()
    const { pc } = call
    const offered = pc.signalingState === 'have-local-offer'
    const outdated = anew || !offered || (candidate && !pc.localDescription.sdp.includes(candidate))
    ignoring = type === 'answer' ? outdated : !polite && offered
    if (ignoring) return type === 'offer' && offered && !origin && send(type, { sdp: pc.localDescription, candidate: 1 })
    if (kin && line === last) return
    last = line
    eager = true
    origin = id
    await pc.setRemoteDescription(description)
    if (type === 'offer') await describe(line)
    else own = true
  }

  make()
  return call
}
