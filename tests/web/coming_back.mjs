// When a connection ends: whether it comes back, when, and with which token.

import assert from 'node:assert/strict'

import { ack, connect, fate, greet, listen, play, pong, refused, requests, resume, session, settle } from './scripted.mjs'
import { Socket, V1, welcome } from './scripted.mjs'

/** Be the greatest number that Math.random gives, about. */
const ALMOST = 1 - 2 ** -40
const near = (found, expected) => assert.ok(Math.abs(found - expected) < 0.002, `${found}, and not ${expected}`)

const RETURNS = [1001, 1005, 1006, 1011, 1012, 1013, 4001, 4002, 4003, 4004, 4499]
const ENDS = [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 4500, 4501, 4502, 4503, 4504, 4999]

play('which close codes come back', async ({ clock }) => {
  for (const code of [...RETURNS, ...ENDS]) {
    const ana = connect()
    await greet()
    const before = Socket.all.length
    Socket.last.end(code, 'why')
    await clock.pass(1)
    const back = RETURNS.includes(code)
    assert.equal(Socket.all.length, before + back, String(code))
    assert.equal(ana.state, back ? 'away' : 'closed', String(code))
    if (back) assert.deepEqual(Socket.last.resume, ['t1', 1])
    ana.close()
  }
})

play('which close codes come back before there was a welcome, and still as v1', async ({ clock }) => {
  for (const code of [...RETURNS, ...ENDS]) {
    const ana = connect()
    const before = Socket.all.length
    Socket.last.open().end(code, 'why')
    await clock.pass(1)
    const back = RETURNS.includes(code)
    assert.equal(Socket.all.length, before + back, String(code))
    assert.equal(ana.state, back ? 'connecting' : 'closed', String(code))
    if (back) assert.deepEqual(Socket.last.protocols, [V1], String(code))
    ana.close()
  }
})

/** Fail so many times to come back; give the delays before the attempts, and since when it was away. */
async function delays(clock, count) {
  const found = []
  for (let n = 0; n < count; n++) {
    const { length } = Socket.all
    const since = clock.now / 1000
    Socket.last.end()
    for (let half = 0; half < 200 && Socket.all.length === length; half++) await clock.pass(0.5)
    found.push([Socket.last.at - since, since])
  }
  return found
}

for (const part of [1, 0.5, 0.1])
  play(`back-off is full jitter, 0.5 to 30 s, and bounded while there is a session: ${part}`, async (stage) => {
    stage.chance = part * ALMOST
    connect()
    await greet()
    const found = await delays(stage.clock, 12)
    found.forEach(([delay, since], n) => {
      const most = Math.min(30, 0.5 * 2 ** n)
      near(delay, part * (since - found[0][1] < 30 ? Math.min(most, 7.5) : most))
    })
    near(found.at(-1)[0], part * (part < 0.5 ? 7.5 : 30))
  })

play('no chance, no delay', async (stage) => {
  stage.chance = 0
  connect()
  await greet()
  for (const [delay] of await delays(stage.clock, 5)) assert.equal(delay, 0)
})

play('a grace of another length bounds the delays', async (stage) => {
  stage.chance = ALMOST
  connect()
  await greet(Socket.last, { limits: { grace: 4 } })
  const found = await delays(stage.clock, 8)
  ;[0.5, 1, 1, 1].forEach((most, n) => near(found[n][0], most))
  near(found.at(-1)[0], 30)
})

play('the first connection has a back-off too', async (stage) => {
  stage.chance = ALMOST
  const ana = connect()
  const found = []
  ana.addEventListener('away', ({ detail }) => found.push(detail.retryIn))
  for (let n = 0; n < 8; n++) {
    Socket.last.open().end(1013, 'full')
    await stage.clock.pass(found.at(-1))
  }
  ;[0.5, 1, 2, 4, 8, 16, 30, 30].forEach((most, n) => near(found[n], most))
})

play('a connection that has lived makes the next attempt a first one, one that flaps does not', async (stage) => {
  stage.chance = ALMOST
  const { clock } = stage
  const ana = connect()
  const found = []
  ana.addEventListener('away', ({ detail }) => found.push(detail.retryIn))
  await greet()
  for (let n = 0; n < 4; n++) {
    Socket.last.end()
    await clock.pass(8)
    await resume(Socket.last, 1, 0)
    await clock.pass(0.1)
  }
  ;[0.5, 1, 2, 4].forEach((most, n) => near(found[n], most))
  await clock.pass(6)
  Socket.last.say(pong).end()
  near(found.at(-1), 0.5)
})

play('whoever flaps every few seconds does not begin anew each time', async (stage) => {
  stage.chance = ALMOST
  const ana = connect()
  const found = []
  ana.addEventListener('away', ({ detail }) => found.push(detail.retryIn))
  await greet()
  for (let n = 0; n < 6; n++) {
    await stage.clock.pass(1.5)
    Socket.last.end()
    await stage.clock.pass(found.at(-1))
    await resume(Socket.last, 1, 0)
  }
  ;[0.5, 1, 2, 4, 7.5, 7.5].forEach((most, n) => near(found[n], most))
})

play('what the server asks for is waited for, and chance comes on top', async (stage) => {
  stage.chance = 0.5
  const ana = connect()
  const found = []
  ana.addEventListener('away', ({ detail }) => found.push(detail.retryIn))
  await greet()
  Socket.last.end(1013, 'full retry=3')
  near(found[0], 3.25)
  await stage.clock.pass(3.2)
  assert.equal(Socket.all.length, 1)
  await stage.clock.pass(0.1)
  await resume(Socket.last, 1, 0)
  const going = listen(ana, 'going-away')
  Socket.last.say({ type: 'going-away', seq: 2, reconnectIn: 5 }).end(1012, 'restart')
  assert.equal(going[0][1].reconnectIn, 5)
  near(found[1], 5.5)
  await stage.clock.pass(6)
  // It holds for one time.
  Socket.last.end()
  near(found[2], 1)
})

play('a token of a function is asked for each time, and a refused one brings another', async ({ clock }) => {
  let count = 0
  const ana = connect({ token: () => `jwt-${++count}` })
  await settle()
  assert.deepEqual(Socket.last.protocols, [V1, 'token.jwt-1'])
  await greet()
  for (const code of [4502, 4503]) {
    Socket.last.end(code, 'token-ended')
    assert.equal(ana.state, 'away')
    await clock.pass(8)
    await resume(Socket.last, 1, 0)
  }
  assert.deepEqual(Socket.last.protocols, [V1, 'token.jwt-3', 'resume.t1.1'])
  Socket.last.end(4500, 'bad-request')
  assert.equal(ana.state, 'closed')
})

play('a token may take its time, and a text is one as well', async ({ clock }) => {
  let give
  connect({ token: () => new Promise((resolve) => (give = resolve)) })
  await settle()
  assert.equal(Socket.all.length, 0)
  give('late')
  await settle()
  assert.deepEqual(Socket.last.protocols, [V1, 'token.late'])
  const bo = connect({ token: 'text', userId: 'bo' })
  await settle()
  assert.deepEqual(Socket.last.protocols, [V1, 'token.text'])
  await greet()
  Socket.last.end(4502)
  assert.equal(bo.state, 'closed')
  await clock.pass(0)
})

play('close() while the token is on its way', async ({ clock }) => {
  let give
  const ana = connect({ token: () => new Promise((resolve) => (give = resolve)) })
  await settle()
  ana.close()
  give('late')
  await clock.pass(100)
  assert.equal(Socket.all.length, 0)
})

for (const [how, token] of [
  ['rejects', () => Promise.reject(new Error('no token today'))],
  [
    'throws',
    () => {
      throw new Error('no token today')
    },
  ],
])
  play(`a token that ${how} is an attempt in vain`, async (stage) => {
    let works = false
    let count = 0
    const ana = connect({ token: () => (count++, works ? 'jwt' : token()) })
    const away = listen(ana, 'away')
    await stage.clock.pass(5)
    assert.equal(Socket.all.length, 0)
    assert.ok(count >= 4, `${count} attempts`)
    // The first may fail before anybody can listen.
    assert.ok(away.length >= count - 1)
    works = true
    while (!Socket.all.length) await stage.clock.pass(0.5)
    assert.deepEqual(Socket.last.protocols, [V1, 'token.jwt'])
    await greet()
    assert.equal(ana.state, 'open')
  })

/** Be what the module finds as its global EventTarget. */
function aPage() {
  const page = new EventTarget()
  globalThis.addEventListener = page.addEventListener.bind(page)
  return page
}

play('online hurries whoever is away, and nobody else', async ({ clock }) => {
  const page = aPage()
  try {
    const ana = connect()
    await greet()
    page.dispatchEvent(new Event('online'))
    assert.equal(Socket.all.length, 1)
    Socket.last.end(1013, 'full retry=20')
    page.dispatchEvent(new Event('online'))
    await settle()
    assert.equal(Socket.all.length, 2)
    await clock.pass(5)
    assert.equal(Socket.all.length, 2, 'the attempt that was to come is made no more')
    await resume(Socket.last, 1, 0)
    ana.close()
    page.dispatchEvent(new Event('online'))
    await clock.pass(50)
    assert.equal(Socket.all.length, 2)
  } finally {
    delete globalThis.addEventListener
  }
})

play('online while the token is on its way: one connection comes of it', async ({ clock }) => {
  const page = aPage()
  try {
    const gives = []
    connect({ token: () => new Promise((resolve) => gives.push(resolve)) })
    await settle()
    page.dispatchEvent(new Event('online'))
    await settle()
    gives.forEach((give, n) => give(`jwt-${n}`))
    await settle()
    const open = Socket.all.filter(({ readyState }) => readyState < 2)
    assert.equal(open.length, 1)
    await greet(open[0])
    await clock.pass(1)
    assert.equal(Socket.all.filter(({ readyState }) => readyState < 2).length, 1)
  } finally {
    delete globalThis.addEventListener
  }
})

play('a token that is refused too late: after close(), and beside a connection that is there', async ({ clock }) => {
  const page = aPage()
  try {
    const refusals = []
    const token = () => new Promise((_, reject) => refusals.push(reject))
    const closed = connect({ token })
    await settle()
    const states = listen(closed, 'away', 'closed')
    closed.close()
    refusals[0](new Error('too late'))
    await clock.pass(100)
    assert.deepEqual([Socket.all.length, closed.state, states.length], [0, 'closed', 1])

    let count = 0
    const ana = connect({ token: () => (count++ ? 'jwt' : token()) })
    await settle()
    page.dispatchEvent(new Event('online'))
    await settle()
    await greet()
    refusals[1](new Error('too late'))
    await settle()
    assert.equal(ana.state, 'open')
    assert.equal(Socket.last.closed, null)
  } finally {
    delete globalThis.addEventListener
  }
})

play('a server that is silent for more than two heartbeats is left', async ({ clock }) => {
  const ana = connect()
  await greet()
  const away = listen(ana, 'away')
  Socket.last.heard()
  await clock.pass(39)
  assert.equal(away.length, 0)
  assert.ok(Socket.last.heard().some(({ type }) => type === 'ping'))
  await clock.pass(21)
  assert.equal(away.length, 1)
  assert.equal(away[0][1].code, 1006)
  await clock.pass(1)
  assert.deepEqual(Socket.last.resume, ['t1', 1])
  assert.ok(Socket.all[0].closed)
  assert.notEqual(Socket.all[0].closed.code, 1000)
})

play('any word of the server is a sign of life', async ({ clock }) => {
  const ana = connect()
  await greet()
  for (let n = 0; n < 20; n++) {
    await clock.pass(19)
    Socket.last.say(n % 2 ? pong : { type: 'signal', seq: 2 + n / 2, from: 'bo', data: 0 })
  }
  assert.equal(ana.state, 'open')
  assert.equal(Socket.all.length, 1)
})

play('an older socket that ends late touches nothing', async ({ clock }) => {
  const ana = connect()
  await greet()
  const [first] = Socket.all
  first.say({ type: 'signal', seq: 9, from: 'bo', data: 'a gap' })
  await clock.pass(1)
  await resume(Socket.last, 1, 0)
  first.end(4501, 'replaced')
  first.say(session(2, 'old'))
  assert.equal(ana.state, 'open')
  Socket.last.end()
  await clock.pass(2)
  assert.deepEqual(Socket.last.resume, ['t1', 1])
})

play('a request that is made while it is away is sent at its return', async ({ clock }) => {
  const ana = connect()
  await greet()
  Socket.last.end()
  const sent = ana.send('bo', 1)
  await clock.pass(1)
  await resume(Socket.last, 1, 0)
  assert.equal(requests(Socket.last.heard()).length, 1)
  Socket.last.say(ack(2, 1))
  assert.equal(await fate(sent), 'done')
  const open = refused(ana.send('bo', 2), 'closed')
  Socket.last.end(4501)
  assert.match((await open).message, /4501/)
})

play('a welcome brings new limits and servers', async ({ clock }) => {
  const ana = connect()
  await greet()
  Socket.last.end()
  await clock.pass(1)
  Socket.last.open().say(welcome({ resumed: true, seq: 1, limits: { matchSize: 4, grace: 5 }, iceServers: [{ urls: 'a' }] }))
  assert.equal(ana.limits.matchSize, 4)
  assert.deepEqual(ana.iceServers, [{ urls: 'a' }])
})
