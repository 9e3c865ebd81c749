// A server that ends and is started anew, with the secret of the one before and without it.
//
// FOCUS_SIGNAL_SERVE is the command that starts one, as JSON; this program runs and ends it.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { Cutter } from './cutter.mjs'
import { Client, live, refused } from './real.mjs'

const COMMAND = JSON.parse(process.env.FOCUS_SIGNAL_SERVE)

class Server {
  port = 0
  #options

  constructor(...options) {
    this.#options = options
  }

  get url() {
    return `ws://127.0.0.1:${this.port}/signal`
  }

  async start() {
    const [program, ...rest] = COMMAND
    const words = [...rest, '--host', '127.0.0.1', '--port', String(this.port), '--ready-json', ...this.#options]
    this.process = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.log = ''
    this.process.stderr.on('data', (data) => (this.log += data))
    const [line] = await once(createInterface(this.process.stdout), 'line')
    this.port = Number(new URL(JSON.parse(line).url).port)
    return this
  }

  async end(signal = 'SIGTERM') {
    const ended = once(this.process, 'exit')
    this.process.kill(signal)
    await ended
    assert.ok(!this.log.includes('Traceback'), this.log)
  }
}

async function withSecret(act) {
  const directory = await mkdtemp(join(tmpdir(), 'focus-signal-'))
  const secret = join(directory, 'secret')
  await writeFile(secret, '5e'.repeat(32), { mode: 0o600 })
  const server = await new Server('--secret-file', secret).start()
  try {
    await act(server)
  } finally {
    server.process.kill('SIGKILL')
    await rm(directory, { recursive: true })
  }
}

/** Two in a room by code. */
async function twoIn(url, theirs = url) {
  const [ana, bo] = await Promise.all([new Client('ana', url).ready(), new Client('bo', theirs).ready()])
  const room = await ana.connection.create(2)
  await bo.connection.join(room.code)
  await ana.next('peer-joined')
  return [ana, bo, room]
}

live('the same secret: the room stands again, and what was not answered at a goodbye is done', (t) =>
  withSecret(async (server) => {
    const cutter = await Cutter.to(server.url)
    t.after(() => cutter.close())
    const [ana, bo, room] = await twoIn(cutter.url, server.url)
    const first = server.process
    await server.end()
    assert.equal(first.signalCode ?? first.exitCode, 0)
    assert.equal((await ana.next('away')).code, 1012)
    // Asked for in between, and carried out by the next server.
    const sent = [1, 2, 3].map((n) => ana.connection.send('bo', n))
    assert.equal(ana.connection.room.roomId, room.roomId)
    // Nothing is kept for whoever has not come back yet, so bo is to come first.
    cutter.closed = true
    await server.start()
    assert.equal((await bo.next('open')).resumed, false)
    cutter.closed = false
    assert.equal((await ana.next('open')).resumed, false)
    await Promise.all(sent)
    for (const n of [1, 2, 3]) assert.equal((await bo.next('signal')).data, n)
    assert.equal(ana.connection.room.roomId, room.roomId)
    assert.deepEqual(bo.connection.room.peers, ['ana', 'bo'])
    for (const { heard } of [ana, bo]) assert.ok(!heard.some(([type]) => type === 'room-closed'))
    await bo.connection.leave()
    assert.equal((await ana.next('peer-left')).reason, 'left')
  }), 60_000)

live('the same secret, and no goodbye: what was on its way is done or lost, and no more than that', () =>
  withSecret(async (server) => {
    const cutter = await Cutter.to(server.url)
    try {
      const [ana, bo, room] = await twoIn(cutter.url, server.url)
      const answered = ana.connection.send('bo', 'before')
      await answered
      // The request gets through, its answer does not.
      cutter.cuts = [['down', cutter.passed.down, 'before']]
      cutter.closed = true
      const open = refused(ana.connection.send('bo', 'on its way'), 'lost')
      await bo.next('signal', ({ data }) => data === 'on its way')
      await server.end('SIGKILL')
      // What is said to a socket whose end nobody has seen yet may be lost as well.
      await ana.next('away')
      const later = ana.connection.send('bo', 'after')
      await server.start()
      await bo.next('open')
      cutter.closed = false
      await Promise.all([open, later])
      await bo.next('signal', ({ data }) => data === 'after')
      const came = bo.heard.filter(([type]) => type === 'signal').map(([, { data }]) => data)
      assert.deepEqual(came, ['before', 'on its way', 'after'])
      assert.equal(ana.connection.room.roomId, room.roomId)
    } finally {
      cutter.close()
    }
  }), 60_000)

live('no secret: a new session, the room is lost, and who waits for a match is asked for again', async () => {
  const server = await new Server().start()
  try {
    const [ana, bo, { roomId }] = await twoIn(server.url)
    const cho = await new Client('cho', server.url).ready()
    const match = cho.connection.match({ matchSize: 2, pool: 'again' })
    await cho.next('queued')
    await server.end('SIGKILL')
    await server.start()
    for (const one of [ana, bo]) {
      assert.deepEqual(await one.next('room-closed'), { roomId, reason: 'lost' })
      assert.equal(one.connection.room, null)
    }
    const other = await ana.connection.match({ matchSize: 2, pool: 'again' })
    assert.equal((await match).roomId, other.roomId)
    assert.deepEqual([...other.peers].sort(), ['ana', 'cho'])
  } finally {
    server.process.kill('SIGKILL')
  }
}, 60_000)
