// Requests over cuts: each is answered once, none is sent twice where it may have been done.

import assert from 'node:assert/strict'

import { ack, connect, fate, greet, listen, play, pong, refused, requests, resume, room, session, settle } from './scripted.mjs'
import { Socket, V1, welcome } from './scripted.mjs'

const error = (seq, id, fields) => ({ type: 'error', seq, id, code: 'bad-message', message: 'no', ...fields })
const ids = (said) => requests(said).map(({ id }) => id)

play('nothing is said before the welcome, and no request before the pong of the first token', async () => {
  const ana = connect()
  const sent = ana.send('bo', 1)
  assert.deepEqual(Socket.last.protocols, [V1])
  assert.equal(Socket.last.url.href, 'ws://focus.test/signal?userId=ana')
  Socket.last.open()
  await settle()
  assert.deepEqual(Socket.last.said, [])
  Socket.last.say(welcome())
  await settle()
  assert.deepEqual(requests(Socket.last.said), [])
  Socket.last.say(session(1))
  await settle()
  assert.deepEqual(Socket.last.heard(), [{ type: 'ping', seen: 1 }])
  Socket.last.say(pong)
  await settle()
  assert.deepEqual(Socket.last.heard(), [{ type: 'signal', to: 'bo', data: 1, id: 1, seen: 1 }])
  assert.equal(await fate(sent), 'open')
  Socket.last.say(ack(2, 1))
  assert.equal(await fate(sent), 'done')
})

play('who speaks for nobody takes the id that the server gives, and keeps it', async ({ clock }) => {
  const ana = connect({ userId: undefined })
  assert.equal(Socket.last.url.search, '')
  await greet(Socket.last, { userId: 'a b&c', iceServers: [{ urls: 'stun:x' }] })
  assert.equal(ana.userId, 'a b&c')
  assert.deepEqual(ana.iceServers, [{ urls: 'stun:x' }])
  assert.equal(ana.limits.matchSize, 16)
  Socket.last.say({ type: 'ice-servers', seq: 2, iceServers: [{ urls: 'stun:y' }] }).end()
  assert.deepEqual(ana.iceServers, [{ urls: 'stun:y' }])
  await clock.pass(1)
  assert.equal(Socket.last.url.searchParams.get('userId'), 'a b&c')
})

play('an ack answers all up to its id that had no error', async () => {
  const ana = connect()
  await greet()
  const sent = [1, 2, 3, 4].map((data) => ana.send('bo', data))
  assert.deepEqual(ids(Socket.last.heard()), [1, 2, 3, 4])
  const more = { code: 'peer-unavailable', message: 'nobody', to: 'bo', retryAfter: 7 }
  const second = refused(sent[1], 'peer-unavailable')
  Socket.last.say(error(2, 2, more), ack(3, 3))
  const why = await second
  assert.equal(why.message, 'nobody')
  assert.equal(why.to, 'bo')
  assert.equal(why.retryAfter, 7)
  assert.deepEqual(await Promise.all([fate(sent[0]), fate(sent[2]), fate(sent[3])]), ['done', 'done', 'open'])
  Socket.last.say(ack(4, 4))
  assert.equal(await fate(sent[3]), 'done')
})

play('an error of no request is an event, and one of a request is none', async () => {
  const ana = connect()
  await greet()
  const heard = listen(ana, 'error')
  const sent = refused(ana.send('bo', 1), 'bad-message')
  Socket.last.say(error(2, 1), error(3, 1, { message: 'again' }), { type: 'error', seq: 4, code: 'bad-json', message: 'x' })
  await sent
  assert.deepEqual(
    heard.map(([, { message }]) => message),
    ['again', 'x'],
  )
})

play('what was not answered is sent again, the rest is not', async ({ clock }) => {
  const ana = connect()
  await greet()
  const sent = [1, 2, 3].map((data) => ana.send('bo', data))
  Socket.last.say(ack(2, 1), { type: 'signal', seq: 3, from: 'bo', data: 1 }).end()
  const later = ana.send('bo', 4)
  await clock.pass(1)
  assert.deepEqual(Socket.last.protocols, [V1, 'resume.t1.3'])
  await resume(Socket.last, 3, 2)
  assert.deepEqual(Socket.last.heard(), [
    { type: 'signal', to: 'bo', data: 3, id: 3, seen: 3 },
    { type: 'signal', to: 'bo', data: 4, id: 4, seen: 3 },
  ])
  assert.equal(await fate(sent[1]), 'open')
  Socket.last.say(ack(4, 2))
  assert.deepEqual(await Promise.all(sent.map(fate)), ['done', 'done', 'open'])
  Socket.last.say(ack(5, 4))
  assert.deepEqual([await fate(sent[2]), await fate(later)], ['done', 'done'])
})

play('what was answered with what is not kept is lost, the rest is sent again', async ({ clock }) => {
  const ana = connect()
  await greet()
  const sent = [1, 2].map((data) => ana.send('bo', data))
  const lost = refused(sent[0], 'lost')
  Socket.last.end()
  await clock.pass(1)
  Socket.last.open().say(welcome({ seq: 40, lastId: 1 }))
  await lost
  assert.deepEqual(Socket.last.heard(), [{ type: 'signal', to: 'bo', data: 2, id: 2, seen: 40 }])
  Socket.last.say(session(41), ack(42, 2))
  assert.equal(await fate(sent[1]), 'done')
  Socket.last.end()
  await clock.pass(1)
  assert.deepEqual(Socket.last.resume, ['t41', 42])
})

play('in a new session what may have been done is lost, and the rest waits for the pong', async ({ clock }) => {
  const ana = connect()
  await greet()
  const lost = refused(ana.send('bo', 1), 'lost')
  Socket.last.end()
  const later = ana.send('bo', 2)
  await clock.pass(1)
  assert.deepEqual(Socket.last.resume, ['t1', 1])
  Socket.last.open().say(welcome({ why: 'unknown' }))
  await lost
  assert.deepEqual(requests(Socket.last.heard()), [])
  Socket.last.say(session(1, 'new'))
  await settle()
  assert.deepEqual(Socket.last.heard(), [{ type: 'ping', seen: 1 }])
  Socket.last.say(pong)
  await settle()
  assert.deepEqual(
    Socket.last.heard().map(({ data }) => data),
    [2],
  )
  Socket.last.say({ ...ack(2, 2) })
  assert.equal(await fate(later), 'done')
})

play('a token that was refused is not shown again', async ({ clock }) => {
  connect()
  await greet()
  Socket.last.end()
  await clock.pass(1)
  Socket.last.open().say(welcome({ why: 'expired' })).end()
  await clock.pass(1)
  assert.deepEqual(Socket.last.protocols, [V1])
})

play('a server that was started anew without a goodbye leaves what was sent unknown', async ({ clock }) => {
  const ana = connect()
  await greet()
  const lost = refused(ana.send('bo', 1), 'lost')
  Socket.last.end()
  await clock.pass(1)
  Socket.last.open().say(welcome({ lastId: undefined, state: {} }), session(1))
  await lost
  const later = ana.send('bo', 2)
  assert.deepEqual(requests(Socket.last.heard()), [])
  Socket.last.say(pong)
  await settle()
  const [frame] = requests(Socket.last.heard())
  assert.equal(frame.data, 2)
  Socket.last.say(ack(2, frame.id))
  assert.equal(await fate(later), 'done')
})

for (const attempts of [0, 2])
  play(`after 1012, and ${attempts} attempts in vain, what was not answered was not done`, async ({ clock }) => {
    const ana = connect()
    await greet()
    const sent = [1, 2, 3].map((data) => ana.send('bo', data))
    Socket.last.say(ack(2, 1)).end(1012, 'restart')
    await clock.pass(1)
    for (let attempt = 0; attempt < attempts; attempt++) {
      Socket.last.end(1006)
      await clock.pass(8)
    }
    await greet(Socket.last, { lastId: undefined })
    assert.deepEqual(
      requests(Socket.last.heard()).map(({ data }) => data),
      [2, 3],
    )
    Socket.last.end(1006)
    await clock.pass(8)
    // That one ended without a goodbye.
    const lost = sent.slice(1).map((each) => refused(each, 'lost'))
    await greet(Socket.last, { lastId: undefined })
    await Promise.all(lost)
    assert.deepEqual(requests(Socket.last.heard()), [])
  })

play('what comes twice is handled once', async () => {
  const ana = connect()
  await greet()
  const heard = listen(ana, 'signal')
  const say = (seq) => Socket.last.say({ type: 'signal', seq, from: 'bo', data: seq })
  ;[2, 3, 2, 3, 1, 4].forEach(say)
  assert.deepEqual(
    heard.map(([, { data }]) => data),
    [2, 3, 4],
  )
})

play('a number that is left out: close and resume', async ({ clock }) => {
  const ana = connect()
  await greet()
  const heard = listen(ana, 'signal', 'away')
  const before = Socket.last
  before.say({ type: 'signal', seq: 2, from: 'bo', data: 2 }, { type: 'signal', seq: 4, from: 'bo', data: 4 })
  assert.notEqual(before.closed?.code, 1000, 'that would end the session')
  assert.ok(before.closed)
  before.say({ type: 'signal', seq: 3, from: 'bo', data: 3 })
  await clock.pass(1)
  assert.deepEqual(Socket.last.resume, ['t1', 2])
  await resume(Socket.last, 2, 0)
  Socket.last.say({ type: 'signal', seq: 3, from: 'bo', data: 3 }, { type: 'signal', seq: 4, from: 'bo', data: 4 })
  assert.deepEqual(
    heard.map(([type, { data }]) => data ?? type),
    [2, 'away', 3, 4],
  )
})

play('the server is told what was seen, after 50 messages at the latest, and not much more often', async () => {
  const ana = connect()
  await greet()
  const told = [1]
  const hear = (from, to) => {
    for (let seq = from; seq <= to; seq++) {
      Socket.last.say({ type: 'broadcast', seq, from: 'bo', data: 0 })
      for (const { seen } of Socket.last.heard()) told.push(seen)
      assert.ok(seq - told.at(-1) < 50, `${seq} was seen, and told was ${told.at(-1)}`)
    }
  }
  Socket.last.heard()
  hear(2, 130)
  assert.ok(told.length <= 4, String(told))
  // A request tells it as well.
  const sent = ana.broadcast(1)
  assert.deepEqual(Socket.last.heard(), [{ type: 'broadcast', data: 1, id: 1, seen: 130 }])
  hear(131, 400)
  assert.ok(told.length <= 10, String(told))
  Socket.last.say(ack(401, 1))
  await sent
})

play('each token is answered at once, and the newest is shown', async ({ clock }) => {
  connect()
  await greet()
  Socket.last.heard()
  Socket.last.say(session(2, 'two'), session(3, 'three'))
  assert.deepEqual(Socket.last.heard(), [
    { type: 'ping', seen: 2 },
    { type: 'ping', seen: 3 },
  ])
  Socket.last.end()
  await clock.pass(1)
  assert.deepEqual(Socket.last.protocols, [V1, 'resume.three.3'])
})

play('a connection that is cut before its welcome is made again', async ({ clock }) => {
  const ana = connect()
  Socket.last.open().end()
  await clock.pass(1)
  assert.equal(Socket.all.length, 2)
  assert.deepEqual(Socket.last.protocols, [V1])
  await greet()
  assert.equal(ana.state, 'open')
})

play('a welcome that does not come is not waited for', async ({ clock }) => {
  const ana = connect()
  Socket.last.open()
  await clock.pass(9.9)
  assert.equal(Socket.all.length, 1)
  await clock.pass(1)
  assert.equal(Socket.all.length, 2)
  assert.ok(Socket.all[0].closed)
  // Too late: it is not listened to any more.
  Socket.all[0].say(welcome({ userId: 'nobody' })).end()
  await greet()
  assert.equal(ana.userId, 'ana')
})

play('states and events of a life', async ({ clock }) => {
  const ana = connect()
  const heard = listen(ana, 'open', 'away', 'closed')
  const states = []
  for (const type of ['open', 'away', 'closed']) ana.addEventListener(type, () => states.push(ana.state))
  assert.equal(ana.state, 'connecting')
  await greet()
  Socket.last.end(4001, 'too-slow')
  await clock.pass(1)
  await resume(Socket.last, 1, 0)
  Socket.last.end(4501, 'replaced')
  await clock.pass(100)
  assert.equal(Socket.all.length, 2)
  assert.deepEqual(states, ['open', 'away', 'open', 'closed'])
  assert.deepEqual(
    heard.map(([type]) => type),
    ['open', 'away', 'open', 'closed'],
  )
  assert.deepEqual(heard[1][1], { code: 4001, reason: 'too-slow', retryIn: 0.25 })
  assert.equal(heard[2][1].resumed, true)
  assert.deepEqual(heard[3][1], { code: 4501, reason: 'replaced' })
})

play('close() ends the session and refuses what is open and what comes later', async ({ clock }) => {
  const ana = connect()
  await greet()
  const heard = listen(ana, 'closed', 'signal', 'away')
  const open = [ana.send('bo', 1), ana.match(2), ana.join('CODE')].map((each) => refused(each, 'closed'))
  ana.close()
  assert.deepEqual(Socket.last.closed, { code: 1000, reason: '' })
  assert.equal(ana.state, 'closed')
  await Promise.all(open)
  for (const late of [ana.send('bo', 2), ana.match(3), ana.create(2), ana.cancel()]) await refused(late, 'closed')
  Socket.last.say({ type: 'signal', seq: 2, from: 'bo', data: 1 }).end(1000)
  ana.close()
  await clock.pass(100)
  assert.deepEqual(heard.map(([type]) => type), ['closed'])
  assert.equal(Socket.all.length, 1)
})

play('close() while it is away: it does not come back', async ({ clock }) => {
  const ana = connect()
  await greet()
  Socket.last.end()
  ana.close()
  await clock.pass(100)
  assert.equal(Socket.all.length, 1)
})

play('close() in an event', async ({ clock }) => {
  const ana = connect()
  await greet()
  ana.addEventListener('away', () => ana.close())
  Socket.last.end()
  await clock.pass(100)
  assert.equal(Socket.all.length, 1)
})

play('an AbortSignal closes', async ({ clock }) => {
  const abort = new AbortController()
  const ana = connect({ signal: abort.signal })
  await greet()
  const open = refused(ana.send('bo', 1), 'closed')
  abort.abort()
  await open
  assert.equal(ana.state, 'closed')
  assert.equal(Socket.last.closed.code, 1000)
  const never = connect({ signal: abort.signal })
  assert.equal(never.state, 'closed')
  await clock.pass(100)
  for (const socket of Socket.all.slice(1)) assert.ok(socket.closed, 'whoever is aborted connects')
  assert.ok(Socket.all.length < 3)
})

play('what is not known is told once for each type, and counted', async ({ warnings }) => {
  const ana = connect()
  await greet()
  const heard = listen(ana, 'dance', 'signal')
  const dance = (seq) => ({ type: 'dance', seq })
  Socket.last.say(dance(2), dance(3), { type: 'sing', seq: 4 }, 'no JSON', '[1', 'null', '7', '"text"', '[]', '{}')
  Socket.last.say({ type: 'signal', seq: 5, from: 'bo', data: 1, later: true })
  assert.deepEqual(heard.map(([type]) => type), ['signal'])
  assert.equal(Socket.last.closed, null)
  assert.deepEqual(
    warnings.splice(0).map((line) => /^warn focus-signal: .* (\w*)$/.exec(line)?.[1]),
    ['dance', 'sing', ''], // the last has no type
  )
})

play('an address may be of http, and relative to the page', async () => {
  const found = []
  globalThis.location = { href: 'https://focus.test/demo/?a=1#b' }
  try {
    for (const url of ['/signal', 'signal?x=1', 'http://other.test/signal', 'wss://a.test/b'])
      found.push((connect({}, url), Socket.last.url.href))
  } finally {
    delete globalThis.location
  }
  assert.deepEqual(found, [
    'wss://focus.test/signal?userId=ana',
    'wss://focus.test/demo/signal?x=1&userId=ana',
    'ws://other.test/signal?userId=ana',
    'wss://a.test/b?userId=ana',
  ])
})

play('room-found is not handled before the answer that came before it', async () => {
  const ana = connect()
  await greet()
  const found = ana.match(2)
  Socket.last.say(ack(2, 1), room(3, ['ana', 'bo']))
  assert.deepEqual((await found).peers, ['ana', 'bo'])
})
