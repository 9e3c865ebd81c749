// An RTCPeerConnection without media and network: the states, the order and the refusals of the real one.
//
// Operations are carried out one after another, each in a turn of its own; `hold` stops them. Its descriptions
// have a number (o=) that grows and the fingerprint of their connection; a restart of ICE changes their ufrag, to
// which candidates belong.

import assert from 'node:assert/strict'

let last = 0

/** Be a description: of which connection, which one of its, and after how many restarts of ICE. */
export const sdpOf = (id, version = 1, ice = version) =>
  `v=0\r\no=- ${id} ${version} IN IP4 127.0.0.1\r\ns=-\r\na=fingerprint:sha-256 ${id}\r\na=ice-ufrag:${id}-${ice}\r\n`

/** Give whose description it is, and after how many restarts. */
export const ufragOf = (sdp) => /a=ice-ufrag:(\S+)/.exec(sdp)?.[1]

const refuse = (name, message) => Promise.reject(new DOMException(message, name))

export class FakePeer {
  static all = []
  static get last() {
    return FakePeer.all.at(-1)
  }
  signalingState = 'stable'
  connectionState = 'new'
  localDescription = null
  remoteDescription = null
  tracks = []
  channels = []
  done = []
  restarts = 0
  #id = 7_000_000_000 + ++last
  #version = 0
  #ice = 1
  #theirs = null // the ufrag of the peer when it was answered last
  #chain = Promise.resolve()
  #needed = false
  #told = false
  #restart = false
  #restarting = false
  #waiting = 0
  #before = null
  #gate = Promise.resolve()
  #open = () => {}

  constructor(config) {
    this.config = config
    FakePeer.all.push(this)
  }

  /** Stop what is asked for from here on, until `go`. */
  hold() {
    this.#gate = new Promise((resolve) => (this.#open = resolve))
  }

  go() {
    this.#open()
  }

  addTrack(track, ...streams) {
    this.tracks.push([track, ...streams])
    this.#need()
  }

  createDataChannel(label, options = {}) {
    const channel = { label, ...options }
    this.channels.push(channel)
    if (this.channels.length === 1) this.#need()
    return channel
  }

  restartIce() {
    this.restarts++
    this.#restart = true
    this.#need()
  }

  setLocalDescription() {
    return this.#do('local', () => {
      const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer'
      // An answer settles what was needed as well, but for a restart: it has what the offer has.
      this.#needed = type === 'answer' && this.#restart
      this.#told = false
      this.#restarting = type === 'offer' && this.#restart
      if (type === 'offer') {
        this.#before ??= [this.localDescription, this.remoteDescription]
      }
      // A restart by an offer, or by the offer that is answered.
      const ufrag = ufragOf(this.remoteDescription?.sdp)
      if (type === 'answer' && this.#theirs && this.#theirs !== ufrag) this.#ice++
      if (type === 'answer') this.#theirs = ufrag
      if (this.#restarting) this.#ice++
      this.localDescription = { type, sdp: sdpOf(this.#id, ++this.#version, this.#ice) }
      this.#be(type === 'offer' ? 'have-local-offer' : 'stable')
      const candidate = { candidate: `candidate:${this.#id} ${this.#ice}`, sdpMid: '0' }
      setImmediate(() => {
        if (this.signalingState === 'closed') return
        this.onicecandidate?.({ candidate })
        this.onicecandidate?.({ candidate: null })
      })
    })
  }

  setRemoteDescription({ type, sdp }) {
    return this.#do(`remote ${type}`, () => {
      if (!/^v=0\r\no=- \d+ \d+ /.test(sdp)) return refuse('OperationError', 'no session description')
      if (type === 'answer' && this.signalingState !== 'have-local-offer')
        return refuse('InvalidStateError', `an answer in ${this.signalingState}`)
      if (type === 'offer' && this.signalingState === 'have-local-offer') {
        ;[this.localDescription, this.remoteDescription] = this.#before // a rollback
        this.#before = null
        if (this.#restarting) this.#ice--
        this.#needed = true
        this.#told = false
        this.rolledBack = true
      }
      if (type === 'answer') {
        this.#theirs = ufragOf(sdp)
        if (this.#restarting) this.#restart = false
      }
      this.#restarting = false
      this.remoteDescription = { type, sdp }
      this.#be(type === 'offer' ? 'have-remote-offer' : 'stable')
      return undefined
    })
  }

  addIceCandidate(candidate) {
    return this.#do('candidate', () => {
      const [, id, ice] = /^candidate:(\d+) (\d+)$/.exec(candidate.candidate) ?? []
      if (!this.remoteDescription) return refuse('InvalidStateError', 'a candidate before any description')
      if (!id || ufragOf(this.remoteDescription.sdp) !== `${id}-${ice}`)
        return refuse('OperationError', 'a candidate of another description')
      this.candidate = `${id} ${ice}`
      return undefined
    })
  }

  close() {
    this.signalingState = 'closed'
    this.connectionState = 'closed'
    this.#open()
  }

  /** Have the connection be in another state. */
  become(state) {
    this.connectionState = state
    this.onconnectionstatechange?.({ type: 'connectionstatechange' })
  }

  #do(name, act) {
    if (this.signalingState === 'closed') return refuse('InvalidStateError', 'closed')
    const gate = this.#gate
    this.#waiting++
    const done = this.#chain.then(async () => {
      await gate
      await new Promise((resolve) => setImmediate(resolve))
      // What is asked of one that is closed meanwhile never ends, as in browsers.
      if (this.signalingState === 'closed') return new Promise(() => {})
      this.done.push(name)
      return act()
    })
    const next = () => {
      this.#waiting--
      this.#tell()
    }
    this.#chain = done.then(next, next)
    return done
  }

  #be(state) {
    this.signalingState = state
    if (state === 'stable') this.#before = null
  }

  #need() {
    if (this.#needed) return
    this.#needed = true
    this.#tell()
  }

  // Told once, and only between operations.
  #tell() {
    setImmediate(() => {
      if (!this.#needed || this.#told || this.#waiting || this.signalingState !== 'stable') return
      this.#told = true
      this.onnegotiationneeded?.({})
    })
  }
}

/** A stream with tracks, as far as a call looks at it. */
export const streamOf = (...kinds) => {
  const tracks = kinds.map((kind) => ({ kind }))
  return { getTracks: () => tracks }
}

export function withPeers(act) {
  return async (stage) => {
    FakePeer.all = []
    globalThis.RTCPeerConnection = FakePeer
    globalThis.MediaStream = class {
      constructor(tracks) {
        this.tracks = tracks
      }
    }
    try {
      await act(stage)
    } finally {
      delete globalThis.RTCPeerConnection
      delete globalThis.MediaStream
    }
    await stage.clock.pass(2)
  }
}

export const allClosed = () => FakePeer.all.forEach((each) => assert.equal(each.signalingState, 'closed'))
