// Clients of a server that is a process of its own, over real sockets.

import assert from 'node:assert/strict'
import { test } from 'node:test'

const here = new URL('../../src/focus_signal/web/focus-signal.js', import.meta.url).href
export const { connect, SignalError } = await import(process.env.FOCUS_SIGNAL_MODULE ?? here)

/** Where the server is that the test was given. */
export const URL_HERE = process.env.FOCUS_SIGNAL_URL

/** An event, or its absence, is waited for so long at the most; far beyond what any test needs. */
const MOST = 30_000

/** A client, and all that it is told, in order. */
export class Client {
  static all = []
  told = []
  heard = [] // the same, and nothing is taken away
  #waiting = []

  constructor(userId, url = URL_HERE, options = {}) {
    this.connection = connect(url, { userId, storage: null, ...options })
    for (const type of TYPES)
      this.connection.addEventListener(type, ({ detail }) => {
        this.told.push([type, detail])
        this.heard.push([type, detail])
        this.#waiting.forEach((look) => look())
      })
    Client.all.push(this)
  }

  /** Wait until it has been told something, then take that and forget what came before. */
  async next(type, fits = () => true) {
    for (;;) {
      const at = this.told.findIndex(([kind, detail]) => kind === type && fits(detail))
      if (at >= 0) return this.told.splice(0, at + 1).at(-1)[1]
      await new Promise((resolve) => {
        const look = () => {
          this.#waiting = this.#waiting.filter((other) => other !== look)
          resolve()
        }
        this.#waiting.push(look)
      })
    }
  }

  /** Be welcome, and known to have the token: only then a cut ends nothing. */
  async ready() {
    if (this.connection.state !== 'open') await this.next('open')
    // A request waits for that, so its answer tells it.
    await refused(this.connection.request('room-leave'), 'not-in-room')
    return this
  }
}

export const TYPES = [
  ...['open', 'away', 'closed', 'queued', 'match-proposed', 'match-ended', 'room-found', 'room-closed'],
  ...['peer-joined', 'peer-away', 'peer-back', 'peer-left', 'offer', 'answer', 'ice-candidate'],
  ...['signal', 'broadcast', 'going-away', 'error'],
]

/** See that a promise rejects with a SignalError of a code; give the error. */
export async function refused(promise, code) {
  const error = await promise.then(
    () => assert.fail(`it was done, and not refused with ${code}`),
    (reason) => reason,
  )
  assert.ok(error instanceof SignalError, String(error?.stack ?? error))
  assert.equal(error.code, code)
  return error
}

/** Run a test, close its clients, and see that nothing was said on the console. */
export function live(name, act, most = MOST) {
  test(name, { timeout: most }, async (t) => {
    const said = []
    for (const way of ['warn', 'error', 'log']) t.mock.method(console, way, (...words) => said.push([way, ...words].join(' ')))
    const clients = (Client.all = [])
    t.after(() => clients.forEach(({ connection }) => connection.close()))
    await act(t)
    clients.forEach(({ connection }) => connection.close())
    assert.deepEqual(said, [])
  })
}
