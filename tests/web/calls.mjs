// A call: who offers and when, who gives way, and when it is made anew.

import assert from 'node:assert/strict'

import { answered, call, candidateOf, come, heard, inARoom, kinds, offer, say } from './calling.mjs'
import { FakePeer, sdpOf, streamOf } from './fake_peer.mjs'
import { listen, settle } from './scripted.mjs'

call('whoever offers does so at once', async () => {
  const ana = await inARoom({ offerTo: ['bo'] })
  const stream = streamOf('audio', 'video')
  ana.call('bo', { stream, channels: ['chat', 'files'], config: { iceTransportPolicy: 'relay' } })
  const [first, second, ...rest] = await heard()
  const pc = FakePeer.last
  assert.deepEqual([first.type, first.to, first.sdp.type], ['offer', 'bo', 'offer'])
  assert.equal(first.sdp.sdp, pc.localDescription.sdp)
  assert.deepEqual([second.type, second.to, second.candidate], ['ice-candidate', 'bo', candidateOf(...origin(pc))])
  assert.deepEqual(rest, [])
  assert.deepEqual(pc.config, { iceServers: [{ urls: 'stun:here' }], iceTransportPolicy: 'relay' })
  assert.deepEqual(pc.tracks, stream.getTracks().map((track) => [track, stream]))
  assert.deepEqual(pc.channels, [
    { label: 'chat', negotiated: true, id: 0 },
    { label: 'files', negotiated: true, id: 1 },
  ])
})

const origin = (pc) => /o=- (\d+) (\d+)/.exec(pc.localDescription.sdp).slice(1)

for (const [who, fields] of [
  ['whoever is offered to', {}],
  ['whoever meets a client of the seed', { offerTo: ['bo'], seed: ['bo'] }],
]) {
  call(`${who} waits for 2 s, and then offers`, async ({ clock }) => {
    const ana = await inARoom(fields)
    ana.call('bo', { channels: ['chat'] })
    assert.deepEqual(await kinds(), [])
    await clock.pass(1.9)
    assert.deepEqual(await kinds(), [])
    await clock.pass(0.2)
    assert.deepEqual(await kinds(), ['offer', 'ice-candidate'])
  })

  call(`${who} answers an offer that comes in time, and makes none`, async ({ clock }) => {
    const ana = await inARoom(fields)
    ana.call('bo', { channels: ['chat'] })
    await clock.pass(1.9)
    offer(sdpOf(50))
    const [said, candidate] = await heard()
    assert.deepEqual([said.type, said.sdp.type, candidate.type], ['answer', 'answer', 'ice-candidate'])
    await clock.pass(10)
    assert.deepEqual(await kinds(), [])
    assert.equal(FakePeer.all.length, 1)
  })

  call(`${who} gives way`, async ({ clock }) => {
    const ana = await inARoom(fields)
    const faults = listen(ana.call('bo', { channels: ['chat'] }), 'fault')
    await clock.pass(2.1)
    assert.deepEqual(await kinds(), ['offer', 'ice-candidate'])
    assert.equal(FakePeer.last.signalingState, 'have-local-offer')
    offer(sdpOf(50))
    come('ice-candidate', { candidate: candidateOf(50) })
    assert.ok((await kinds()).includes('answer'))
    assert.ok(FakePeer.last.rolledBack)
    assert.equal(FakePeer.last.candidate, '50 1')
    assert.deepEqual(faults, [])
  })
}

call('whoever offers gives no way, and its candidates of the offer that it ignores are no fault', async () => {
  const ana = await inARoom({ offerTo: ['bo'] })
  const it = ana.call('bo', { channels: ['chat'] })
  const faults = listen(it, 'fault')
  await settle()
  offer(sdpOf(50))
  come('ice-candidate', { candidate: candidateOf(50) })
  await answered()
  assert.ok(!FakePeer.last.rolledBack)
  assert.deepEqual(faults, [])
  assert.ok(!FakePeer.last.done.includes('remote offer'))
  // Of what it has taken they are faults.
  come('ice-candidate', { candidate: candidateOf(51) })
  await settle()
  assert.equal(faults.length, 1)
  assert.equal(faults[0][1].error.name, 'OperationError')
  assert.equal(it.pc.signalingState, 'stable')
})

call('an offer that crosses the beginning of an own one is ignored as well', async () => {
  const ana = await inARoom({ offerTo: ['bo'] })
  const it = ana.call('bo')
  await settle()
  it.pc.hold()
  it.pc.addTrack({ kind: 'video' })
  await settle()
  offer(sdpOf(50))
  await settle()
  it.pc.go()
  await settle()
  assert.deepEqual(it.pc.done, ['local'])
})

call('an offer between two of its own is answered', async () => {
  const ana = await inARoom({ offerTo: ['bo'] })
  ana.call('bo', { channels: ['chat'] })
  await answered()
  offer(sdpOf(50, 2))
  come('ice-candidate', { candidate: candidateOf(50, 2) })
  const said = await heard()
  assert.ok(said.some(({ type }) => type === 'answer'))
  assert.equal(FakePeer.last.candidate, '50 2')
})

call('messages are taken strictly one after another', async () => {
  const ana = await inARoom()
  const it = ana.call('bo', { channels: ['chat'] })
  const faults = listen(it, 'fault')
  it.pc.hold()
  offer(sdpOf(50))
  come('ice-candidate', { candidate: candidateOf(50) })
  await settle()
  assert.deepEqual(it.pc.done, [])
  it.pc.go()
  await settle()
  await settle()
  assert.deepEqual(it.pc.done, ['remote offer', 'local', 'candidate'])
  assert.deepEqual(faults, [])
})

call('a message that fails does not stop those behind it', async () => {
  const ana = await inARoom()
  const it = ana.call('bo')
  const faults = listen(it, 'fault')
  offer('v=0\r\no=no origin\r\n')
  offer('')
  come('offer', { candidate: 1 })
  come('answer', {})
  come('offer', { sdp: null })
  await settle()
  const before = faults.length
  assert.ok(before >= 2)
  offer(sdpOf(50))
  assert.ok((await kinds()).includes('answer'))
  assert.equal(faults.length, before)
})

call('offers that come before the call are kept for it', async () => {
  const ana = await inARoom({ peers: ['ana', 'bo', 'cho'] })
  const events = listen(ana, 'offer', 'ice-candidate')
  offer(sdpOf(50))
  come('ice-candidate', { candidate: candidateOf(50) })
  offer(sdpOf(60), 'cho')
  await settle()
  assert.equal(FakePeer.all.length, 0)
  assert.equal(events.length, 3)
  ana.call('bo')
  assert.ok((await kinds()).includes('answer'))
  await settle()
  assert.equal(FakePeer.last.candidate, '50 1')
  ana.call('cho')
  await settle()
  assert.match(FakePeer.last.remoteDescription.sdp, / 60 1 /)
})

call('an offer that is ignored brings the own one once more: perhaps it went to the page before', async () => {
  const ana = await inARoom({ offerTo: ['bo'] })
  ana.call('bo', { channels: ['chat'] })
  const [first] = await heard()
  offer(sdpOf(50))
  const [again, ...rest] = await heard()
  assert.deepEqual([again.type, again.sdp, rest], ['offer', first.sdp, []])
})

call('a copy of an offer is answered once', async () => {
  const ana = await inARoom()
  const it = ana.call('bo')
  offer(sdpOf(50))
  assert.ok((await kinds()).includes('answer'))
  offer(sdpOf(50))
  assert.deepEqual(await kinds(), [])
  offer(sdpOf(50, 2))
  assert.ok((await kinds()).includes('answer'))
  assert.equal(it.pc.signalingState, 'stable')
})

call('what was kept for a peer that has left is forgotten', async () => {
  const ana = await inARoom()
  offer(sdpOf(50))
  say({ type: 'peer-left', peer: 'bo', reason: 'left' })
  say({ type: 'peer-joined', peer: 'bo' })
  ana.call('bo')
  await settle()
  assert.deepEqual(FakePeer.last.done, [])
})

call('a description of another fingerprint is that of another page: everything is made anew', async () => {
  const ana = await inARoom({ offerTo: ['bo'] })
  const stream = streamOf('audio')
  const it = ana.call('bo', { stream, channels: ['chat'] })
  const events = listen(it, 'close', 'fault')
  await answered()
  const [before] = FakePeer.all
  const channel = it.channels.chat
  offer(sdpOf(77))
  come('ice-candidate', { candidate: candidateOf(77) })
  await settle()
  await settle()
  assert.equal(FakePeer.all.length, 2)
  assert.equal(before.signalingState, 'closed')
  assert.equal(it.pc, FakePeer.last)
  assert.notEqual(it.channels.chat, channel)
  assert.deepEqual(it.pc.tracks.length, 1)
  assert.ok((await kinds()).includes('answer'))
  assert.equal(it.pc.candidate, '77 1')
  assert.deepEqual(events, [])
  // The same page again is the same connection.
  offer(sdpOf(77, 2))
  await settle()
  assert.equal(FakePeer.all.length, 2)
})

call('an answer to an offer that is out of date is not taken', async () => {
  const ana = await inARoom({ offerTo: ['bo'] })
  const it = ana.call('bo', { channels: ['chat'] })
  const faults = listen(it, 'fault')
  await heard()
  come('answer', { sdp: { type: 'answer', sdp: sdpOf(50) }, candidate: 'o=- 1 1 IN IP4 127.0.0.1' })
  await settle()
  assert.equal(it.pc.signalingState, 'have-local-offer')
  come('answer', { sdp: { type: 'answer', sdp: sdpOf(50) }, candidate: /^o=.*/m.exec(it.pc.localDescription.sdp)[0] })
  await settle()
  assert.equal(it.pc.signalingState, 'stable')
  come('answer', { sdp: { type: 'answer', sdp: sdpOf(50, 2) } })
  await settle()
  assert.deepEqual(faults, [])
})

call('whoever answers says what it answers', async () => {
  const ana = await inARoom()
  ana.call('bo')
  offer(sdpOf(50, 3))
  const [said] = await heard()
  assert.equal(said.candidate, 'o=- 50 3 IN IP4 127.0.0.1')
  assert.deepEqual(Object.keys(said.sdp), ['type', 'sdp'])
})

call('a peer of the seed may send the text alone, and gets nothing that it does not know', async () => {
  const ana = await inARoom({ offerTo: ['bo'], seed: ['bo'] })
  ana.call('bo')
  come('offer', { sdp: sdpOf(42) })
  const [said] = await heard()
  assert.deepEqual(Object.keys(said.sdp), ['type', 'sdp'])
  assert.equal(FakePeer.last.remoteDescription.sdp, sdpOf(42))
})
