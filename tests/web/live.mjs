// The module and the real server: matches, rooms, relays, and what is refused.

import assert from 'node:assert/strict'

import { Client, live, refused, URL_HERE } from './real.mjs'

const clients = (...names) => Promise.all(names.map((name) => new Client(name).ready()))

live('two are matched, and know who offers', async () => {
  const [ana, bo] = await clients('ana-1', 'bo-1')
  const pool = 'two'
  const first = ana.connection.match({ matchSize: 2, pool })
  const queued = await ana.next('queued')
  assert.deepEqual([queued.position, queued.waiting, queued.needed], [1, 1, 1])
  const second = bo.connection.match({ matchSize: 2, pool })
  const rooms = await Promise.all([first, second])
  assert.equal(rooms[0].roomId, rooms[1].roomId)
  assert.deepEqual(rooms.map(({ peers }) => peers), [['ana-1', 'bo-1'], ['ana-1', 'bo-1']])
  assert.deepEqual(rooms.map(({ offerTo }) => offerTo), [[], ['ana-1']])
  assert.deepEqual(rooms.map(({ seed, away, code }) => [seed, away, code]), [[[], [], undefined], [[], [], undefined]])
  assert.equal(rooms[0], ana.connection.room)
})

live('a number is a size', async () => {
  const three = await clients('ana-2', 'bo-2', 'cho-2')
  const found = await Promise.all(three.map(({ connection }) => connection.match(3)))
  for (const room of found) assert.deepEqual([...room.peers].sort(), ['ana-2', 'bo-2', 'cho-2'])
  // Of every two exactly one offers.
  const offers = three.flatMap(({ connection: { userId, room } }) => room.offerTo.map((peer) => [userId, peer].sort().join()))
  assert.deepEqual(offers.sort(), ['ana-2,bo-2', 'ana-2,cho-2', 'bo-2,cho-2'])
})

live('a match ends without a room', async () => {
  const [ana, bo] = await clients('ana-3', 'bo-3')
  const pool = 'ends'
  const cancelled = refused(ana.connection.match({ matchSize: 2, pool }), 'cancelled')
  await ana.connection.cancel()
  await cancelled
  await refused(ana.connection.match({ matchSize: 2, pool, timeout: 1 }), 'timed-out')
  const replaced = refused(ana.connection.match({ matchSize: 2, pool }), 'replaced')
  const newer = refused(ana.connection.match({ matchSize: 3, pool }), 'cancelled')
  await replaced
  await ana.connection.cancel()
  const third = ana.connection.match({ matchSize: 2, pool })
  await newer
  const fourth = bo.connection.match({ matchSize: 2, pool })
  assert.equal((await third).roomId, (await fourth).roomId)
})

live('a ready check: one declines, and has to wait', async () => {
  const [ana, bo] = await clients('ana-4', 'bo-4')
  const terms = { matchSize: 2, pool: 'ready', readyCheck: true }
  const waits = ana.connection.match(terms)
  const declined = refused(bo.connection.match(terms), 'declined')
  const proposed = await Promise.all([ana.next('match-proposed'), bo.next('match-proposed')])
  await ana.connection.request('ready', { proposal: proposed[0].proposal })
  await bo.connection.request('decline', { proposal: proposed[1].proposal })
  await declined
  const error = await refused(bo.connection.match(terms), 'rate-limited')
  assert.equal(error.retryAfter, 5)
  const cancelled = refused(waits, 'cancelled')
  await ana.connection.cancel()
  await cancelled
})

live('what is refused says why', async () => {
  const [ana] = await clients('ana-5')
  const { connection } = ana
  assert.match((await refused(connection.match(1000), 'bad-match-size')).message, /\w/)
  await refused(connection.match({ matchSize: 2, pool: 7 }), 'bad-message')
  await refused(connection.cancel(), 'not-queued')
  await refused(connection.request('ready', { proposal: 'gone' }), 'not-proposed')
  await refused(connection.leave(), 'not-in-room')
  const error = await refused(connection.send('nobody', 1), 'peer-unavailable')
  assert.equal(error.to, 'nobody')
  await refused(connection.join('N0TTHERE'), 'room-not-found')
  await refused(connection.request('dance'), 'unknown-type')
  await refused(connection.request('offer', { to: 'bo', from: 'cho', sdp: 'v=0' }), 'wrong-sender')
  await refused(connection.request('renew', { token: 'eyJ' }), 'not-allowed')
  assert.deepEqual(ana.told.filter(([type]) => type === 'error'), [])
})

live('rooms by code', async () => {
  const [ana, bo, cho] = await clients('ana-6', 'bo-6', 'cho-6')
  const made = await ana.connection.create(2)
  assert.match(made.code, /^[0-9A-Z]{8}$/)
  const joined = await bo.connection.join(made.code.toLowerCase())
  assert.deepEqual([joined.roomId, joined.code, joined.offerTo], [made.roomId, made.code, ['ana-6']])
  assert.equal((await ana.next('peer-joined')).peer, 'bo-6')
  assert.deepEqual(ana.connection.room.peers, ['ana-6', 'bo-6'])
  await refused(cho.connection.join(made.code), 'room-full')
  await refused(cho.connection.create(2, made.code), 'code-taken')
  await bo.connection.leave()
  assert.equal((await bo.next('room-closed')).reason, 'left')
  assert.equal(bo.connection.room, null)
  assert.deepEqual(await ana.next('peer-left').then(({ peer, reason }) => [peer, reason]), ['bo-6', 'left'])
  assert.deepEqual(made.peers, ['ana-6'])
  const own = await cho.connection.create(4, 'MY-0WN-R00M')
  assert.equal((await ana.connection.join('my0wnr00m')).roomId, own.roomId)
  assert.equal((await ana.next('room-closed')).reason, 'moved')
  // Where one is already.
  assert.equal((await ana.connection.join('MY-0WN-R00M')).roomId, own.roomId)
})

const DATA = [
  ...[0, -1, 1.5, 1e21, 2 ** 53 - 1, true, null, '', 'text', [], {}, [[[]]]],
  { muted: true, nested: [{ a: null }, 'é😀\u2028"\\\u0000'] },
  'x'.repeat(100_000),
]

live('what is relayed is what was sent', async () => {
  const [ana, bo, cho] = await clients('ana-7', 'bo-7', 'cho-7')
  const { code } = await ana.connection.create(3)
  await bo.connection.join(code)
  await cho.connection.join(code)
  for (const data of DATA) {
    await ana.connection.send('bo-7', data)
    const came = await bo.next('signal')
    assert.equal(came.from, 'ana-7')
    assert.equal(JSON.stringify(came.data), JSON.stringify(data))
    ana.connection.broadcast(data)
    for (const peer of [bo, cho]) assert.equal(JSON.stringify((await peer.next('broadcast')).data), JSON.stringify(data))
  }
  const sdp = { type: 'offer', sdp: 'v=0\r\n', more: [1] }
  await ana.connection.request('offer', { to: 'cho-7', sdp })
  assert.deepEqual((await cho.next('offer')).sdp, sdp)
  await cho.connection.request('answer', { to: 'ana-7', sdp: 'v=0' })
  assert.equal((await ana.next('answer')).sdp, 'v=0')
  await cho.connection.request('ice-candidate', { to: 'ana-7', candidate: null })
  assert.equal((await ana.next('ice-candidate')).candidate, null)
  assert.deepEqual(cho.told.filter(([type]) => type === 'signal'), [], 'it was for another one')
})

live('the order of what one sends to another', async () => {
  const [ana, bo] = await clients('ana-8', 'bo-8')
  const { code } = await ana.connection.create(2)
  await bo.connection.join(code)
  const sent = Array.from({ length: 300 }, (_, n) => ana.connection.send('bo-8', n))
  await Promise.all(sent)
  for (let n = 0; n < 300; n++) assert.equal((await bo.next('signal')).data, n)
})

live('an id belongs to one, and who gets none is given one', async () => {
  const [ana] = await clients('ana-9')
  const other = new Client('ana-9')
  const away = await other.next('away')
  assert.equal(away.code, 4004)
  ana.connection.close()
  await other.ready()
  const anybody = await new Client(undefined).ready()
  assert.ok(anybody.connection.userId.length > 5)
})

live('an address of http', async () => {
  const ana = new Client('ana-10', URL_HERE.replace('ws', 'http'))
  await ana.ready()
  assert.ok(ana.connection.limits.grace > 0)
  assert.equal(ana.connection.limits.matchSize, 16)
})

live('close() ends the session at once: its peers are told', async () => {
  const [ana, bo] = await clients('ana-11', 'bo-11')
  const { code } = await ana.connection.create(2)
  await bo.connection.join(code)
  // What was asked for before the end goes out before it.
  const sent = bo.connection.send('ana-11', 'the last word')
  bo.connection.close()
  await refused(sent, 'closed')
  assert.equal((await ana.next('signal')).data, 'the last word')
  assert.equal((await ana.next('peer-left')).peer, 'bo-11')
  await refused(bo.connection.send('ana-11', 1), 'closed')
})
