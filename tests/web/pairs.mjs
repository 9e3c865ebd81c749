// Two calls with each other, in many orders: whatever crosses on the way, both end at peace, each with the other.
//
// A seed decides when who calls, when something new is to be negotiated, when a call is begun anew, and which
// message comes next; each way keeps its order.

import assert from 'node:assert/strict'

import { FakePeer, ufragOf, withPeers } from './fake_peer.mjs'
import { ack, connect, greet, listen, play, room, settle } from './scripted.mjs'
import { Socket } from './scripted.mjs'

const SEEDS = Number(process.env.FOCUS_SIGNAL_PAIRS ?? 150)

/** Chance that is the same each time (mulberry32). */
function chanceOf(seed) {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** One of the two, and what is on its way to it. */
class Side {
  seq = 2
  queue = []
  faults = []
  made = 0

  constructor(user, peer) {
    this.user = user
    this.peer = peer
    this.connection = connect({ userId: user })
    this.socket = Socket.last
  }

  async enter(offerTo) {
    await greet(this.socket, { userId: this.user })
    this.socket.say(room(2, ['ana', 'bo'], { offerTo }))
    this.socket.heard()
  }

  begin() {
    this.it = this.connection.call(this.peer, { channels: ['chat'] })
    this.made++
    this.faults.push(listen(this.it, 'fault'))
  }

  /** Send on what it has said. */
  post(other) {
    const said = this.socket.heard().filter(({ type }) => type !== 'ping')
    for (const { type, sdp, candidate } of said) other.queue.push({ type, from: this.user, sdp, candidate })
    if (said.length) this.socket.say(ack(++this.seq, said.at(-1).id))
  }

  take() {
    const message = this.queue.shift()
    if (message) this.socket.say({ ...message, seq: ++this.seq })
  }
}

const tick = () => new Promise((resolve) => setImmediate(resolve))
const met = { rollbacks: 0, anew: 0, begun: 0 }

async function meet(seed, clock) {
  const chance = chanceOf(seed)
  FakePeer.all = []
  Socket.all = []
  const ana = new Side('ana', 'bo')
  const bo = new Side('bo', 'ana')
  const sides = [ana, bo]
  await ana.enter([])
  await bo.enter(['ana'])
  const steps = 30 + chance(60)
  for (let step = 0; step < steps; step++) {
    const side = sides[chance(2)]
    const what = chance(40)
    if (!side.it) {
      if (what < 8) side.begin()
    } else if (what < 3) side.it.pc.restartIce()
    else if (what === 3 && side.made < 3) side.begin()
    else if (what < 7 && side.it.pc.remoteDescription) side.it.pc.become(what === 4 ? 'failed' : 'connected')
    if (what > 10) side.take()
    if (what === 39) await clock.pass(2.5)
    await tick()
    ana.post(bo)
    bo.post(ana)
  }
  for (const side of sides) if (!side.it) side.begin()
  for (let round = 0; round < 60; round++) {
    await settle()
    if (round % 20 === 10) await clock.pass(2.5)
    for (const side of sides) side.take()
    ana.post(bo)
    bo.post(ana)
  }
  await settle()
  const [a, b] = [ana.it.pc, bo.it.pc]
  assert.deepEqual([a.signalingState, b.signalingState], ['stable', 'stable'])
  assert.ok(a.localDescription && b.localDescription)
  const ufrags = (pc) => [ufragOf(pc.localDescription.sdp), ufragOf(pc.remoteDescription.sdp)]
  assert.deepEqual(ufrags(a), ufrags(b).reverse())
  met.rollbacks += FakePeer.all.filter(({ rolledBack }) => rolledBack).length
  met.anew += FakePeer.all.length - ana.made - bo.made
  met.begun += ana.made + bo.made - 2
  // A call that is begun anew may still get the candidates that were meant for the one before.
  if (ana.made + bo.made === 2) for (const side of sides) assert.deepEqual(side.faults, [[]], `faults of ${side.user}`)
  for (const side of sides) side.connection.close()
}

play(`${SEEDS} pairs`, withPeers(async ({ clock }) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await meet(seed, clock)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
  // What is to be tried has happened often enough.
  assert.ok(met.rollbacks > SEEDS / 10 && met.anew > SEEDS / 10 && met.begun > SEEDS / 10, JSON.stringify(met))
}), 120_000)
