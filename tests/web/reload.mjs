// A page that is loaded anew goes on with the session of the page before, and no two pages ever have one session.

import assert from 'node:assert/strict'

import { ack, connect, greet, listen, play, requests, resume, room, session } from './scripted.mjs'
import { Socket, V1, welcome } from './scripted.mjs'

/** A tab: what it stores outlives its pages. */
class Tab {
  items = new Map()
  document = Object.assign(new EventTarget(), { hidden: false })
  storage = {
    getItem: (key) => this.items.get(key) ?? null,
    setItem: (key, value) => void this.items.set(key, String(value)),
    removeItem: (key) => void this.items.delete(key),
  }
  #page = new EventTarget()

  constructor() {
    globalThis.addEventListener = (...words) => this.#page.addEventListener(...words)
    globalThis.document = this.document
    Object.defineProperty(globalThis, 'sessionStorage', { get: () => this.storage, configurable: true })
  }

  hide(hidden = true) {
    this.document.hidden = hidden
    this.document.dispatchEvent(new Event('visibilitychange'))
  }

  /** Leave the page, as browsers do; its sockets end with it. */
  unload() {
    this.#page.dispatchEvent(new Event('pagehide'))
    this.hide()
    return this.kill()
  }

  /** End the page without a word, as phones do to hidden ones, and load it anew. */
  kill() {
    for (const socket of Socket.all) socket.readyState = 3
    for (const socket of Socket.all) socket.onopen = socket.onmessage = socket.onclose = null
    this.#page = new EventTarget()
    this.document = globalThis.document = Object.assign(new EventTarget(), { hidden: false })
    return this
  }

  close() {
    delete globalThis.addEventListener
    delete globalThis.document
    delete globalThis.sessionStorage
  }
}

function inATab(name, act) {
  play(name, async (stage) => {
    const tab = new Tab()
    try {
      await act(tab, stage)
    } finally {
      tab.close()
    }
  })
}

const page = (options) => connect({ storage: undefined, ...options })

inATab('a page that is loaded anew has its session and its room again', async (tab) => {
  page()
  await greet()
  Socket.last.say(room(2, ['bo', 'ana'], { offerTo: ['bo'], code: 'FOCUS-1' }), session(3, 'three'))
  tab.unload()
  const again = page()
  assert.deepEqual(Socket.last.protocols, [V1, 'resume.three.3'])
  assert.equal(again.room?.roomId, 'r1')
  assert.deepEqual(again.room.peers, ['bo', 'ana'])
  const events = listen(again, 'open', 'room-closed', 'signal')
  await resume(Socket.last, 3, 0)
  Socket.last.say({ type: 'signal', seq: 4, from: 'bo', data: 1 })
  assert.deepEqual(
    events.map(([type]) => type),
    ['open', 'signal'],
  )
  assert.deepEqual([again.room.offerTo, again.room.code], [['bo'], 'FOCUS-1'])
})

inATab('its requests have larger ids than those of the page before', async (tab) => {
  const ana = page()
  await greet()
  const sent = [ana.send('bo', 1), ana.send('bo', 2)]
  Socket.last.say(ack(2, 1))
  await sent[0]
  sent[1].catch(() => 'its page is gone')
  tab.unload()
  const again = page()
  await resume(Socket.last, 2, 2)
  again.send('bo', 3).catch(() => 'closed')
  assert.deepEqual(
    requests(Socket.last.heard()).map(({ id }) => id),
    [3],
  )
})

inATab('an id that the server chose is the one of the next page', async (tab) => {
  page({ userId: undefined })
  await greet(Socket.last, { userId: 'x-1' })
  tab.unload()
  const again = page({ userId: undefined })
  assert.equal(again.userId, 'x-1')
  assert.equal(Socket.last.url.searchParams.get('userId'), 'x-1')
})

inATab('a session that is over when the page is back', async (tab) => {
  page()
  await greet()
  Socket.last.say(room(2, ['ana', 'bo']))
  tab.unload()
  const again = page()
  const events = listen(again, 'room-closed')
  await greet(Socket.last, { why: 'unknown' })
  assert.equal(again.room, null)
  assert.deepEqual(events, [['room-closed', { roomId: 'r1', reason: 'lost' }]])
})

inATab('while a page is seen nothing is kept', async (tab) => {
  page()
  await greet()
  assert.equal(tab.items.size, 0)
  tab.hide()
  assert.equal(tab.items.size, 1)
  tab.hide(false)
  assert.equal(tab.items.size, 0)
  tab.unload()
  assert.equal(tab.items.size, 1)
  page()
  assert.equal(tab.items.size, 0, 'what a page has taken no other one takes')
})

inATab('a hidden page that goes on and is killed: its newest token is the one that is kept', async (tab) => {
  page()
  await greet()
  tab.hide()
  Socket.last.say({ type: 'signal', seq: 2, from: 'bo', data: 1 }, session(3, 'three'))
  tab.kill()
  page()
  assert.deepEqual(Socket.last.resume, ['three', 3])
})

inATab('a page that was closed, or replaced, leaves nothing', async (tab) => {
  for (const end of [(ana) => ana.close(), () => Socket.last.end(4501), () => Socket.last.end(4500)]) {
    const ana = page()
    await greet()
    tab.hide()
    assert.equal(tab.items.size, 1)
    end(ana)
    assert.equal(tab.items.size, 0)
    tab.hide(false)
    tab.unload()
    assert.equal(tab.items.size, 0)
  }
})

inATab('two connections of one page never share', async (tab) => {
  const bo = () => page({ userId: 'bo' })
  page()
  await greet()
  bo()
  await greet(Socket.last, { userId: 'bo' })
  Socket.last.say(session(2, 'of-bo'))
  tab.unload()
  page()
  assert.deepEqual(Socket.last.resume, ['t1', 1])
  bo()
  assert.deepEqual(Socket.last.resume, ['of-bo', 2])
})

inATab('another server has other sessions', async (tab) => {
  page()
  await greet()
  tab.unload()
  connect({ storage: undefined }, 'ws://other.test/signal')
  assert.equal(Socket.last.resume, null)
})

inATab('no storage: null, a forbidden one, and one with something else in it', async (tab) => {
  page({ storage: null })
  await greet()
  tab.unload()
  assert.equal(tab.items.size, 0)
  const theirs = new Tab()
  try {
    page({ storage: theirs.storage })
    await greet()
    theirs.hide()
    const [key] = theirs.items.keys()
    for (const text of ['', 'no JSON', 'null', '{}', '7']) {
      theirs.items.set(key, text)
      page({ storage: theirs.storage })
      assert.deepEqual(Socket.last.protocols, [V1], text)
      assert.equal(Socket.last.url.searchParams.get('userId'), 'ana', text)
    }
  } finally {
    theirs.close()
  }
  Object.defineProperty(globalThis, 'sessionStorage', {
    configurable: true,
    get() {
      throw new DOMException('forbidden here', 'SecurityError')
    },
  })
  page()
  await greet()
  globalThis.document = undefined
})

inATab('the grace bounds the delays of a page that comes back as well', async (tab, stage) => {
  stage.chance = 0.999
  page()
  await greet()
  tab.unload()
  const again = page()
  const found = []
  again.addEventListener('away', ({ detail }) => found.push(detail.retryIn))
  for (let n = 0; n < 6; n++) {
    Socket.last.end()
    await stage.clock.pass(found.at(-1))
  }
  assert.ok(Math.max(...found) < 7.5, String(found))
  Socket.last.open().say(welcome({ resumed: true, seq: 1, lastId: 0 }))
  assert.equal(again.state, 'open')
})
