// A call over its life: peers that come back, connections that fail, what it tells, and every way to end.

import assert from 'node:assert/strict'

import { answered, call, come, heard, inARoom, kinds, offer, say } from './calling.mjs'
import { FakePeer, allClosed, sdpOf } from './fake_peer.mjs'
import { connect, listen, resume, room, settle, Socket, welcome } from './scripted.mjs'

for (const [role, fields, restarts] of [
  ['who offers', { offerTo: ['bo'] }, 1],
  ['who is offered to', {}, 0],
])
  call(`a peer that is back without what it was sent: ICE is restarted by one of both, ${role}`, async () => {
    const ana = await inARoom(fields)
    const it = ana.call('bo')
    say({ type: 'peer-away', peer: 'bo', grace: 30 })
    say({ type: 'peer-back', peer: 'bo', resumed: true })
    assert.equal(it.pc.restarts, 0)
    say({ type: 'peer-back', peer: 'bo', resumed: false })
    assert.equal(it.pc.restarts, restarts)
  })

call('a connection that has failed is restarted', async () => {
  const ana = await inARoom({ offerTo: ['bo'] })
  const it = ana.call('bo', { channels: ['chat'] })
  const states = listen(it, 'state')
  await answered()
  await heard()
  for (const state of ['connecting', 'connected', 'disconnected', 'failed']) it.pc.become(state)
  assert.equal(it.pc.restarts, 1)
  assert.deepEqual(
    states.map(([, { state }]) => state),
    ['connecting', 'connected', 'disconnected', 'failed'],
  )
  assert.ok((await kinds()).includes('offer'))
})

call('of two that have failed, the one who offers restarts; with a stranger both do', async () => {
  const ana = await inARoom({ peers: ['ana', 'bo', 'cho'], seed: ['cho'], offerTo: ['cho'] })
  const it = ana.call('bo')
  offer(sdpOf(50))
  await settle()
  it.pc.become('failed')
  assert.equal(it.pc.restarts, 0)
  const stranger = ana.call('cho')
  come('offer', { sdp: { type: 'offer', sdp: sdpOf(60) } }, 'cho')
  await settle()
  stranger.pc.become('failed')
  assert.equal(stranger.pc.restarts, 1)
})

call('who has only answered offers once when it is connected, and a stranger is spared that', async () => {
  const ana = await inARoom({ peers: ['ana', 'bo', 'cho'], seed: ['cho'], offerTo: ['cho'] })
  const it = ana.call('bo', { channels: ['chat'] })
  offer(sdpOf(50))
  await heard()
  it.pc.become('connected')
  const [said] = await heard()
  assert.equal(said.type, 'offer')
  come('answer', { sdp: { type: 'answer', sdp: sdpOf(50, 2) }, candidate: /^o=.*/m.exec(said.sdp.sdp)[0] })
  await heard()
  it.pc.become('connected')
  assert.deepEqual(await kinds(), [])
  const stranger = ana.call('cho', { channels: ['chat'] })
  come('offer', { sdp: { type: 'offer', sdp: sdpOf(60) } }, 'cho')
  await heard()
  stranger.pc.become('connected')
  assert.deepEqual(await kinds(), [])
})

call('tracks and channels of the peer are events', async ({ clock }) => {
  const ana = await inARoom()
  const it = ana.call('bo', { channels: ['chat'] })
  const events = listen(it, 'track', 'channel')
  await clock.pass(0)
  const track = { kind: 'audio' }
  const stream = {}
  it.pc.ontrack({ track, streams: [stream] })
  it.pc.ontrack({ track, streams: [] })
  const theirs = { label: 'theirs' }
  it.pc.ondatachannel({ channel: theirs })
  await clock.pass(0)
  assert.deepEqual(
    events.map(([type]) => type),
    ['channel', 'track', 'track', 'channel'],
  )
  assert.equal(events[0][1].channel.label, 'chat')
  assert.equal(events[1][1].stream, stream)
  assert.deepEqual(events[2][1].stream.tracks, [track])
  assert.equal(it.channels.theirs, theirs)
})

for (const [why, end] of [
  ['the peer leaves', () => say({ type: 'peer-left', peer: 'bo', reason: 'left' })],
  ['the room is closed', () => say({ type: 'room-closed', roomId: 'r1', reason: 'left' })],
  ['the connection is closed', (ana) => ana.close()],
  ['the session is over', () => Socket.last.end(4501, 'replaced')],
  ['another room is found', () => say({ ...room(0, ['ana', 'bo']), roomId: 'r2' })],
  ['it is closed here', (_, it) => it.close()],
  ['there is another call', (ana) => ana.call('bo')],
])
  call(`a call ends when ${why}`, async ({ clock }) => {
    const ana = await inARoom()
    const it = ana.call('bo', { channels: ['chat'] })
    const events = listen(it, 'close')
    await settle()
    end(ana, it)
    it.close()
    assert.equal(FakePeer.all[0].signalingState, 'closed')
    assert.equal(events.length, 1)
    it.pc.onnegotiationneeded?.({})
    await clock.pass(10)
    assert.equal(it.pc, FakePeer.all[0])
    ana.close()
    allClosed()
  })

call('after its end a call takes nothing and says nothing', async ({ clock }) => {
  const ana = await inARoom({ offerTo: ['bo'] })
  const it = ana.call('bo', { channels: ['chat'] })
  await heard()
  const events = listen(it, 'fault', 'state')
  it.close()
  offer(sdpOf(50))
  await clock.pass(5)
  assert.deepEqual(await kinds(), [])
  assert.deepEqual(events, [])
  // What came then is there for the next call.
  ana.call('bo')
  await settle()
  assert.match(FakePeer.last.remoteDescription.sdp, / 50 1 /)
})

call('a call that ends in the middle of an operation', async () => {
  const ana = await inARoom()
  const it = ana.call('bo', { channels: ['chat'] })
  const faults = listen(it, 'fault')
  it.pc.hold()
  offer(sdpOf(50))
  await settle()
  it.close()
  await settle()
  assert.deepEqual(faults, [])
  assert.deepEqual(await kinds(), [])
})

call('who is no longer in the room when it stands again has no call', async ({ clock }) => {
  const ana = await inARoom()
  const it = ana.call('bo')
  Socket.last.end()
  await clock.pass(1)
  Socket.last.open().say(welcome({ seq: 9, lastId: 0, state: { room: { roomId: 'r1', peers: ['ana'], offerTo: [] } } }))
  assert.equal(it.pc.signalingState, 'closed')
})

call('a connection that comes back keeps its calls', async ({ clock }) => {
  const ana = await inARoom()
  const it = ana.call('bo')
  Socket.last.end()
  await clock.pass(1)
  await resume(Socket.last, 2, 0)
  assert.notEqual(it.pc.signalingState, 'closed')
  offer(sdpOf(50))
  assert.ok((await kinds()).includes('answer'))
})

call('a page that was loaded anew offers at once, for its peer waits for nothing', async ({ clock }) => {
  const items = new Map()
  const storage = {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  }
  const page = new EventTarget()
  globalThis.addEventListener = page.addEventListener.bind(page)
  try {
    await inARoom({}, { storage })
    page.dispatchEvent(new Event('pagehide'))
    Socket.last.end = () => {}
    const again = connect({ storage })
    await resume(Socket.last, 2, 0)
    again.call('bo', { channels: ['chat'] })
    assert.deepEqual(await kinds(), ['offer', 'ice-candidate'])
    await clock.pass(5)
    assert.deepEqual(await kinds(), [])
  } finally {
    delete globalThis.addEventListener
  }
})
