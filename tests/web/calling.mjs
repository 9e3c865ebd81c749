// A connection in a room with a call, as the tests of calls have it.

import assert from 'node:assert/strict'

import { FakePeer, sdpOf, withPeers } from './fake_peer.mjs'
import { ack, connect, greet, play, room, settle, Socket } from './scripted.mjs'

export const call = (name, act) => play(name, withPeers(act))
export const candidateOf = (id, version = 1) => ({ candidate: `candidate:${id} ${version}`, sdpMid: '0' })

let seq

/** Connect, and be in a room. */
export async function inARoom(fields, options) {
  const ana = connect(options)
  await greet(Socket.last, { iceServers: [{ urls: 'stun:here' }] })
  Socket.last.heard()
  Socket.last.say(room(2, ['ana', 'bo'], fields))
  seq = 2
  return ana
}

/** Give what is sent, and answer it. */
export async function heard() {
  await settle()
  const said = Socket.last.heard().filter(({ type }) => type !== 'ping')
  if (said.length) Socket.last.say(ack(++seq, said.at(-1).id))
  return said
}

export const kinds = async () => (await heard()).map(({ type }) => type)

/** Have the server say something. */
export const say = (message) => Socket.last.say({ ...message, seq: ++seq })
/** Bring a peer's message. */
export const come = (type, fields, from = 'bo') => say({ type, from, ...fields })

/** Bring an offer of the module's; others have no `candidate` with theirs. */
export const offer = (sdp, from) => come('offer', { sdp: { type: 'offer', sdp }, candidate: 1 }, from)

/** Bring a call up, as the one who offers. */
export async function answered() {
  const [said] = await heard()
  assert.equal(said.type, 'offer')
  come('answer', { sdp: { type: 'answer', sdp: sdpOf(50) }, candidate: /^o=.*/m.exec(said.sdp.sdp)[0] })
  await settle()
  assert.equal(FakePeer.last.signalingState, 'stable')
}
