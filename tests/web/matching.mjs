// match(), create() and join() resolve with their room or reject with why there is none, over cuts too.

import assert from 'node:assert/strict'

import { ack, connect, fate, greet, listen, play, refused, requests, resume, room, session } from './scripted.mjs'
import { Socket, welcome } from './scripted.mjs'

const ended = (seq, reason) => ({ type: 'match-ended', seq, reason })
const refusal = (seq, id, code) => ({ type: 'error', seq, id, code, message: 'no' })
const asks = () => requests(Socket.last.heard())

play('a number and terms', async () => {
  const ana = connect()
  await greet()
  const found = [ana.match(2), ana.match({ minSize: 2, maxSize: 4, pool: 'chess' })]
  assert.deepEqual(asks(), [
    { type: 'matchmaking', matchSize: 2, id: 1, seen: 1 },
    { type: 'matchmaking', minSize: 2, maxSize: 4, pool: 'chess', id: 2, seen: 1 },
  ])
  const replaced = refused(found[0], 'replaced')
  Socket.last.say(ack(2, 1), ack(3, 2))
  assert.equal(await fate(found[0]), 'open')
  Socket.last.say(ended(4, 'replaced'))
  await replaced
  assert.equal(await fate(found[1]), 'open')
  const events = listen(ana, 'room-found')
  Socket.last.say(room(5, ['bo', 'ana', 'cho'], { offerTo: ['bo'], seed: ['bo'] }))
  const expected = { roomId: 'r1', peers: ['bo', 'ana', 'cho'], offerTo: ['bo'], code: undefined, seed: ['bo'], away: [] }
  const mine = await found[1]
  assert.deepEqual({ ...mine }, expected)
  assert.equal(mine, ana.room)
  assert.equal(events[0][1], ana.room)
})

for (const reason of ['cancelled', 'timed-out', 'declined', 'not-ready', 'party-ended', 'draining'])
  play(`a match that is ${reason}`, async () => {
    const ana = connect()
    await greet()
    const events = listen(ana, 'match-ended')
    const found = refused(ana.match(2), reason)
    Socket.last.say(ack(2, 1), ended(3, reason))
    await found
    assert.equal(events[0][1].reason, reason)
    // And what comes next is another one.
    const next = ana.match(2)
    Socket.last.say(ack(4, 2), room(5, ['ana', 'bo']))
    assert.equal((await next).roomId, 'r1')
  })

play('a match that is refused', async () => {
  const ana = connect()
  await greet()
  const found = refused(ana.match(99), 'bad-match-size')
  Socket.last.say(refusal(2, 1, 'bad-match-size'))
  await found
})

play('asking again alike: both are answered by the one room', async () => {
  const ana = connect()
  await greet()
  const found = [ana.match(2), ana.match(2)]
  Socket.last.say(ack(2, 2), room(3, ['ana', 'bo']))
  assert.equal(await found[0], await found[1])
})

play('cancel, and match again at once: the new match stands', async () => {
  const ana = connect()
  await greet()
  const first = refused(ana.match(2), 'cancelled')
  Socket.last.say(ack(2, 1))
  const cancelled = ana.cancel()
  const second = ana.match(3)
  assert.equal(asks().length, 3)
  Socket.last.say(ack(3, 2), ended(4, 'cancelled'), ack(5, 3))
  await Promise.all([first, cancelled])
  assert.equal(await fate(second), 'open')
  Socket.last.say(room(6, ['ana', 'bo', 'cho']))
  assert.equal((await second).peers.length, 3)
})

play('a match that times out while another one is on its way', async () => {
  const ana = connect()
  await greet()
  const first = refused(ana.match({ matchSize: 2, timeout: 1 }), 'timed-out')
  Socket.last.say(ack(2, 1))
  await fate(first)
  const second = ana.match(3)
  Socket.last.say(ended(3, 'timed-out'), ack(4, 2), room(5, ['ana', 'bo', 'cho']))
  await first
  assert.equal((await second).peers.length, 3)
})

play('rooms by code have promises of their own', async () => {
  const ana = connect()
  await greet()
  const made = ana.create(4, 'FOCUS-1')
  const match = ana.match(2)
  assert.deepEqual(asks(), [
    { type: 'room-create', maxSize: 4, code: 'FOCUS-1', id: 1, seen: 1 },
    { type: 'matchmaking', matchSize: 2, id: 2, seen: 1 },
  ])
  Socket.last.say(ack(2, 2))
  assert.equal(await fate(match), 'open')
  Socket.last.say({ type: 'queued', seq: 3, pool: '', position: 1, waiting: 1, needed: 1 }, room(4, ['ana'], { code: 'FOCUS-1' }))
  assert.equal((await made).code, 'FOCUS-1')
  assert.equal(await fate(match), 'open')
  Socket.last.say({ type: 'room-closed', seq: 5, roomId: 'r1', reason: 'moved' }, { ...room(6, ['ana', 'bo']), roomId: 'r2' })
  assert.equal((await match).roomId, 'r2')
  const joined = ana.join('NONE')
  assert.deepEqual(asks(), [{ type: 'room-join', code: 'NONE', id: 3, seen: 6 }])
  Socket.last.say(refusal(7, 3, 'room-not-found'))
  await refused(joined, 'room-not-found')
  assert.equal(ana.room.roomId, 'r2')
  const left = ana.leave()
  assert.deepEqual(asks(), [{ type: 'room-leave', id: 4, seen: 7 }])
  Socket.last.say(ack(8, 4), { type: 'room-closed', seq: 9, roomId: 'r2', reason: 'left' })
  await left
  assert.equal(ana.room, null)
})

play('whoever joins the room where it is gets an answer alone, and that is enough', async () => {
  const ana = connect()
  await greet()
  Socket.last.say(room(2, ['bo', 'ana'], { code: 'MY-0WN-room' }))
  const again = ana.join('my0WN-ROOM')
  const other = ana.join('OTHER')
  assert.equal(await fate(again), 'open')
  Socket.last.say(ack(3, 2))
  assert.equal(await again, ana.room)
  assert.equal(await fate(other), 'open')
  Socket.last.say({ type: 'room-closed', seq: 4, roomId: 'r1', reason: 'moved' }, { ...room(5, ['ana'], { code: 'OTHER' }), roomId: 'r2' })
  assert.equal((await other).roomId, 'r2')
})

play('the room is what the messages say', async () => {
  const ana = connect()
  await greet()
  const events = listen(ana, 'peer-joined', 'peer-away', 'peer-back', 'peer-left', 'room-closed')
  const say = (type, peer, fields) => Socket.last.say({ type, seq: ++seq, peer, ...fields })
  let seq = 2
  Socket.last.say(room(2, ['bo', 'ana'], { offerTo: ['bo'], away: ['bo'] }))
  const now = () => [ana.room.peers.join(), ana.room.away.join()]
  assert.deepEqual(now(), ['bo,ana', 'bo'])
  say('peer-back', 'bo', { resumed: true })
  assert.deepEqual(now(), ['bo,ana', ''])
  say('peer-joined', 'cho')
  assert.deepEqual(now(), ['bo,ana,cho', ''])
  say('peer-away', 'cho', { grace: 30 })
  say('peer-away', 'bo', { grace: 30 })
  assert.deepEqual(now(), ['bo,ana,cho', 'cho,bo'])
  say('peer-left', 'cho', { reason: 'lost' })
  assert.deepEqual(now(), ['bo,ana', 'bo'])
  say('peer-left', 'bo', { reason: 'left' })
  assert.deepEqual(now(), ['ana', ''])
  Socket.last.say({ type: 'room-closed', seq: ++seq, roomId: 'r1', reason: 'removed' })
  assert.equal(ana.room, null)
  assert.deepEqual(
    events.map(([type, { peer, reason }]) => `${type} ${peer ?? reason}`),
    ['peer-back bo', 'peer-joined cho', 'peer-away cho', 'peer-away bo', 'peer-left cho', 'peer-left bo'].concat([
      'room-closed removed',
    ]),
  )
})

play('an event finds the room as it is by then', async () => {
  const ana = connect()
  await greet()
  const found = []
  for (const type of ['room-found', 'peer-joined', 'peer-left', 'room-closed'])
    ana.addEventListener(type, () => found.push(ana.room?.peers.join()))
  Socket.last.say(room(2, ['ana']), { type: 'peer-joined', seq: 3, peer: 'bo' })
  Socket.last.say({ type: 'peer-left', seq: 4, peer: 'bo', reason: 'left' })
  Socket.last.say({ type: 'room-closed', seq: 5, roomId: 'r1', reason: 'left' })
  assert.deepEqual(found, ['ana', 'ana,bo', 'ana', undefined])
})

// What comes of a match when its client was away.

async function cutWithAMatch(clock, acked) {
  const ana = connect()
  await greet()
  const found = ana.match(2)
  asks()
  if (acked) Socket.last.say(ack(2, 1))
  Socket.last.end()
  await clock.pass(1)
  return [ana, found]
}

const state = (fields) => ({ seq: 40, lastId: 1, state: fields })
const ticket = { pool: '', position: 1, waiting: 1, needed: 1 }
const standing = { roomId: 'r1', peers: ['ana', 'bo'], offerTo: [] }

for (const acked of [true, false]) {
  const when = acked ? 'answered' : 'not answered'

  play(`${when}, cut and resumed: it goes on`, async ({ clock }) => {
    const [, found] = await cutWithAMatch(clock, acked)
    await resume(Socket.last, acked ? 2 : 1, 1)
    assert.deepEqual(asks(), [])
    if (!acked) Socket.last.say(ack(2, 1))
    Socket.last.say(room(3, ['ana', 'bo']))
    assert.equal((await found).roomId, 'r1')
  })

  play(`${when}, cut, and the ticket stands: it goes on`, async ({ clock }) => {
    const [, found] = await cutWithAMatch(clock, acked)
    Socket.last.open().say(welcome(state({ ticket })), session(41))
    assert.equal(await fate(found), 'open')
    const again = asks()
    // To ask again alike keeps the place, so that may be; nothing else.
    for (const frame of again) assert.deepEqual([frame.type, frame.matchSize], ['matchmaking', 2])
    again.forEach(({ id }, n) => Socket.last.say(ack(42 + n, id)))
    Socket.last.say(room(42 + again.length, ['ana', 'bo']))
    assert.equal((await found).roomId, 'r1')
  })

  play(`${when}, cut, and matched meanwhile: it resolves, and nothing more is asked for`, async ({ clock }) => {
    const [ana, found] = await cutWithAMatch(clock, acked)
    Socket.last.open().say(welcome(state({ room: standing })), session(41))
    assert.equal((await found).roomId, 'r1')
    assert.equal(ana.room.roomId, 'r1')
    await clock.pass(1)
    assert.deepEqual(asks(), [])
  })

  play(`${when}, cut, and the ticket has ended: it is asked for again`, async ({ clock }) => {
    const [, found] = await cutWithAMatch(clock, acked)
    await greet(Socket.last, { why: 'unknown' })
    const [frame, ...rest] = asks()
    assert.deepEqual([frame.type, frame.matchSize, rest], ['matchmaking', 2, []])
    Socket.last.say(ack(2, frame.id), room(3, ['ana', 'bo']))
    assert.equal((await found).roomId, 'r1')
  })
}

play('cut with a proposal: it stands', async ({ clock }) => {
  const [, found] = await cutWithAMatch(clock, true)
  Socket.last.open().say(welcome(state({ proposal: { proposal: 'p', size: 2, within: 9 } })), session(41))
  assert.equal(await fate(found), 'open')
  assert.deepEqual(asks(), [])
  Socket.last.say(room(42, ['ana', 'bo']))
  await found
})

play('in a room, asking for the next one, and the server is started anew', async ({ clock }) => {
  const ana = connect()
  await greet()
  const first = ana.match(2)
  Socket.last.say(ack(2, 1), room(3, ['ana', 'bo']))
  await first
  const next = ana.match(2)
  Socket.last.say(ack(4, 2))
  asks()
  Socket.last.end(1012, 'restart')
  await clock.pass(1)
  await greet(Socket.last, { lastId: undefined, state: { room: { ...standing, away: ['bo'] } } })
  assert.equal(await fate(next), 'open', 'it was given the room that it was to follow')
  const [frame, ...rest] = asks()
  assert.deepEqual([frame?.type, frame?.matchSize, rest], ['matchmaking', 2, []])
  Socket.last.say(ack(2, frame.id), { ...room(3, ['ana', 'cho']), roomId: 'r2' })
  assert.equal((await next).roomId, 'r2')
})

play('a room that has ended meanwhile is closed as lost', async ({ clock }) => {
  const ana = connect()
  await greet()
  Socket.last.say(room(2, ['ana', 'bo'])).end()
  const events = listen(ana, 'room-closed', 'room-found')
  await clock.pass(1)
  await greet(Socket.last, { why: 'unknown' })
  assert.equal(ana.room, null)
  assert.deepEqual(events, [['room-closed', { roomId: 'r1', reason: 'lost' }]])
})

play('a room that stands is the newest that is known of it', async ({ clock }) => {
  const ana = connect()
  await greet()
  Socket.last.say(room(2, ['ana', 'bo'])).end()
  const closed = listen(ana, 'room-closed')
  await clock.pass(1)
  Socket.last.open().say(welcome(state({ room: { ...standing, peers: ['ana', 'bo', 'cho'], away: ['cho'] } })))
  assert.deepEqual([ana.room.peers.join(), ana.room.away.join()], ['ana,bo,cho', 'cho'])
  assert.deepEqual(closed, [])
})

play('another room than the one it knew', async ({ clock }) => {
  const ana = connect()
  await greet()
  Socket.last.say(room(2, ['ana', 'bo'])).end()
  const events = listen(ana, 'room-closed', 'room-found')
  await clock.pass(1)
  Socket.last.open().say(welcome(state({ room: { ...standing, roomId: 'r9' } })))
  assert.equal(ana.room.roomId, 'r9')
  assert.deepEqual(
    events.map(([type, { roomId }]) => `${type} ${roomId}`),
    ['room-closed r1', 'room-found r9'],
  )
})
