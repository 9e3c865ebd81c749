// A server, a clock, chance and a page that a test plays by hand; the module runs in them as in a browser.
//
//   play('what is the case', async ({ clock, chance, warnings }) => { ... })
//
// Nothing here waits for real time. At its end each test is asked what is left over: a timer, a socket, a line
// on the console that nobody took. A rejection that nobody handles fails the test as well.

import assert from 'node:assert/strict'
import { test } from 'node:test'

const here = new URL('../../src/focus_signal/web/focus-signal.js', import.meta.url).href
/** The module that is tested; the tests of mutants name another one. */
export const MODULE = process.env.FOCUS_SIGNAL_MODULE ?? here
export const { connect: connectIt, Connection, SignalError } = await import(MODULE)

export const V1 = 'focus-signal.v1'
export const URL_HERE = 'ws://focus.test/signal'

/** Let everything happen that needs no time. */
export async function settle() {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A clock that stands still until it is told to go on. */
class Clock {
  now = 1_000_000
  timers = new Map()
  #last = 0

  set(act, ms = 0, every = false) {
    const wait = Math.max(Number(ms) || 0, every ? 1 : 0)
    assert.ok(wait < 2 ** 31, `a browser takes no timer of ${wait} ms`)
    this.timers.set(++this.#last, { act, at: this.now + wait, every: every && wait })
    return this.#last
  }

  clear(id) {
    this.timers.delete(id)
  }

  /** Let time pass: each timer goes off when it is due, and what it brings about happens at that time. */
  async pass(seconds) {
    const until = this.now + seconds * 1000
    await settle()
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)
      if (!due.length) break
      const [id, timer] = due[0]
      this.now = Math.max(this.now, timer.at)
      if (timer.every) timer.at += timer.every
      else this.timers.delete(id)
      timer.act()
      await settle()
    }
    this.now = until
  }
}

/** A WebSocket as browsers have it; the test is the server at its other end. */
export class Socket {
  static all = []
  static get last() {
    return Socket.all.at(-1)
  }
  readyState = 0
  said = []
  closed = null

  constructor(url, protocols = []) {
    this.url = new URL(url)
    this.protocols = [protocols].flat()
    assert.match(this.url.protocol, /^wss?:$/)
    for (const name of this.protocols) assert.match(name, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/)
    assert.equal(new Set(this.protocols).size, this.protocols.length)
    this.at = Date.now() / 1000
    Socket.all.push(this)
  }

  send(text) {
    if (this.readyState === 0) throw new DOMException('not yet open', 'InvalidStateError')
    if (this.readyState === 1) this.said.push(JSON.parse(text))
  }

  close(code, reason = '') {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
      throw new DOMException(`no page may close with ${code}`, 'InvalidAccessError')
    if (this.readyState > 1) return
    this.readyState = 2
    this.closed = { code, reason }
  }

  // What the server does.

  open() {
    assert.equal(this.readyState, 0, 'a socket that is closed does not open')
    this.readyState = 1
    this.onopen?.({ type: 'open' })
    return this
  }

  say(...messages) {
    for (const message of messages)
      this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) })
    return this
  }

  end(code = 1006, reason = '') {
    this.readyState = 3
    this.onclose?.({ code, reason, wasClean: code !== 1006 })
    return this
  }

  /** Give what the client has said since this was asked last. */
  heard() {
    return this.said.splice(0)
  }

  /** What it wants to resume: [token, seen]. */
  get resume() {
    const name = this.protocols.find((each) => each.startsWith('resume.'))
    return name ? [name.slice(7, name.lastIndexOf('.')), Number(name.slice(name.lastIndexOf('.') + 1))] : null
  }
}

const LIMITS = {
  frameBytes: 262144,
  matchSize: 16,
  grace: 30,
  replayBytes: 262144,
  messageRate: 100,
  messageBurst: 2000,
  byteRate: 32768,
  byteBurst: 786432,
}

export const welcome = (fields) => ({
  type: 'welcome',
  protocol: 1,
  userId: 'ana',
  resumed: false,
  seq: 0,
  lastId: 0,
  state: {},
  heartbeat: 20,
  iceServers: [],
  features: [],
  limits: LIMITS,
  ...fields,
})
export const LIMITS_HERE = LIMITS
export const session = (seq, token = `t${seq}`) => ({ type: 'session', seq, session: token })
export const ack = (seq, id) => ({ type: 'ack', seq, id })
export const room = (seq, peers, fields) => ({ type: 'room-found', seq, roomId: 'r1', peers, offerTo: [], ...fields })
export const pong = { type: 'pong' }

/** Welcome a new session, up to where its requests are heard: its token is t1. */
export async function greet(socket = Socket.last, fields = {}) {
  socket.open().say(welcome(fields), session(1))
  await settle()
  socket.say(pong)
  await settle()
  return socket
}

/** Welcome a session that goes on. */
export async function resume(socket, seq, lastId, fields = {}) {
  socket.open().say(welcome({ resumed: true, seq, lastId, ...fields }))
  await settle()
  return socket
}

/** Keep what is dispatched to an EventTarget: a list of [type, detail]. */
export function listen(target, ...types) {
  const heard = []
  for (const type of types) target.addEventListener(type, ({ detail }) => heard.push([type, detail]))
  return heard
}

export const requests = (said) => said.filter(({ type }) => type !== 'ping')

/** See that a promise rejects with a SignalError of a code; give the error. */
export async function refused(promise, code) {
  const error = await promise.then(
    () => assert.fail(`it was done, and not refused with ${code}`),
    (reason) => reason,
  )
  assert.ok(error instanceof SignalError && error instanceof Error, String(error?.stack ?? error))
  assert.equal(error.name, 'SignalError')
  assert.equal(error.code, code)
  return error
}

/** Tell what has become of a promise by now. */
export async function fate(promise) {
  let became = 'open'
  promise.then(
    () => (became = 'done'),
    (error) => (became = error.code),
  )
  await settle()
  return became
}

const REAL = { ...globalThis, WebSocket, setTimeout, setInterval, clearTimeout, clearInterval }
const now = Date.now
const { random } = Math
const { warn, error, log, info, debug } = console
let connections = []

/** Connect, and be closed at the end of the test if it has not been before. */
export function connect(options = {}, url = URL_HERE) {
  const connection = connectIt(url, { userId: 'ana', storage: null, ...options })
  connections.push(connection)
  return connection
}

/** Run a test with a server, a clock, chance and a console of its own. */
export function play(name, act, most = 5000) {
  // A promise that never settles is a failure, and no reason to wait: a test takes milliseconds.
  test(name, { timeout: most }, async () => {
    const clock = new Clock()
    const stage = { clock, chance: 0.5, warnings: [] }
    Socket.all = []
    const mine = (connections = [])
    globalThis.WebSocket = Socket
    globalThis.setTimeout = (go, ms) => clock.set(go, ms)
    globalThis.setInterval = (go, ms) => clock.set(go, ms, true)
    globalThis.clearTimeout = globalThis.clearInterval = (id) => clock.clear(id)
    Date.now = () => clock.now
    Math.random = () => stage.chance
    for (const way of ['warn', 'error', 'log', 'info', 'debug'])
      console[way] = (...words) => void stage.warnings.push([way, ...words].join(' '))
    try {
      await act(stage)
      for (const connection of mine) connection.close()
      await clock.pass(0)
      assert.deepEqual(stage.warnings, [], 'said on the console')
      assert.equal(clock.timers.size, 0, 'timers are left')
      for (const socket of Socket.all) assert.ok(socket.readyState > 1, 'a socket is left open')
    } finally {
      for (const connection of mine) connection.close()
      for (const way of ['WebSocket', 'setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'])
        globalThis[way] = REAL[way]
      Date.now = now
      Math.random = random
      Object.assign(console, { warn, error, log, info, debug })
    }
  })
}
