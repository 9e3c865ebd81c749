// A server that knows the seed's dialect alone: no subprotocol, no ids, no answers.

import assert from 'node:assert/strict'

import { connect, fate, greet, listen, play, settle } from './scripted.mjs'
import { Socket, V1 } from './scripted.mjs'

/** Be a server that answers no subprotocol, as browsers take it: who offers one is failed. */
async function meet(clock) {
  for (let turn = 0; turn < 100; turn++) {
    const { last } = Socket
    if (last.readyState === 0 && last.protocols.length) last.end(1006)
    else if (last.readyState === 0) {
      last.open()
      await settle()
      if (last.readyState === 1) return last
    } else await clock.pass(0.5)
  }
  return assert.fail(`no plain connection in ${Socket.all.length} attempts`)
}

const found = (peers) => ({ type: 'room-found', roomId: 'r1', peers })

play('v1 is asked for first, then nothing', async ({ clock }) => {
  const ana = connect()
  assert.deepEqual(Socket.last.protocols, [V1])
  await meet(clock)
  assert.deepEqual(Socket.last.protocols, [])
  assert.equal(Socket.last.url.searchParams.get('userId'), 'ana')
  assert.equal(ana.state, 'open')
})

play('who has no id makes one, for the seed wants one', async ({ clock }) => {
  const ana = connect({ userId: undefined })
  await meet(clock)
  assert.ok(ana.userId)
  assert.equal(Socket.last.url.searchParams.get('userId'), ana.userId)
})

play('a match, who offers, and a relay', async ({ clock }) => {
  const ana = connect()
  await meet(clock)
  const match = ana.match(2)
  assert.deepEqual(Socket.last.heard(), [{ type: 'matchmaking', matchSize: 2, from: 'ana' }])
  Socket.last.say(found(['bo', 'ana']))
  const room = await match
  assert.deepEqual([room.peers, room.offerTo, room.seed, room.away], [['bo', 'ana'], ['bo'], [], []])
  const sent = ana.request('offer', { to: 'bo', sdp: { type: 'offer', sdp: 'v=0' } })
  const [frame] = Socket.last.heard()
  assert.deepEqual(frame, { type: 'offer', to: 'bo', sdp: { type: 'offer', sdp: 'v=0' }, from: 'ana' })
  assert.equal(await fate(sent), 'done')
  const events = listen(ana, 'answer', 'ice-candidate', 'error')
  Socket.last.say({ type: 'answer', from: 'bo', sdp: 1 }, { type: 'ice-candidate', from: 'bo', candidate: 2 })
  Socket.last.say({ type: 'error', code: 'peer-unavailable', message: 'no', to: 'bo' })
  assert.deepEqual(
    events.map(([type]) => type),
    ['answer', 'ice-candidate', 'error'],
  )
})

play('a match that is open is asked for again, one that is found is not', async ({ clock }) => {
  const ana = connect()
  await meet(clock)
  const match = ana.match(3)
  Socket.last.heard()
  Socket.last.end()
  await clock.pass(1)
  await meet(clock)
  assert.deepEqual(Socket.last.heard(), [{ type: 'matchmaking', matchSize: 3, from: 'ana' }])
  Socket.last.say(found(['ana', 'bo', 'cho']))
  assert.deepEqual((await match).offerTo, [])
  Socket.last.end()
  await clock.pass(1)
  await meet(clock)
  assert.deepEqual(Socket.last.heard(), [])
})

play('another room takes the place of the one before', async ({ clock }) => {
  const ana = connect()
  await meet(clock)
  Socket.last.say(found(['ana', 'bo']))
  const first = ana.room
  Socket.last.say({ ...found(['cho', 'ana']), roomId: 'r2' })
  assert.notEqual(ana.room, first)
  assert.deepEqual([ana.room.roomId, ana.room.offerTo], ['r2', ['cho']])
})

play('silence is no reason to leave: that dialect has no ping', async ({ clock }) => {
  const ana = connect()
  await meet(clock)
  await clock.pass(3600)
  assert.equal(ana.state, 'open')
  assert.deepEqual(Socket.last.heard(), [])
})

play('a server that was not there at first is asked for v1 again before it is taken for an older one', async ({ clock }) => {
  const ana = connect()
  Socket.last.end(1006)
  await clock.pass(1)
  assert.deepEqual(Socket.last.protocols, [])
  Socket.last.open()
  await clock.pass(1)
  assert.ok(Socket.all[1].closed)
  assert.deepEqual(Socket.last.protocols, [V1])
  assert.equal(ana.state, 'connecting')
  await greet()
  assert.equal(ana.state, 'open')
})

play('after a cut of a v1 connection it stays v1', async ({ clock }) => {
  connect()
  Socket.last.open().end(4004, 'id-in-use')
  await clock.pass(1)
  assert.deepEqual(Socket.last.protocols, [V1])
  Socket.last.open().end(1006)
  await clock.pass(2)
  assert.deepEqual(Socket.last.protocols, [V1])
})
