// The module where there is no page: in a worker with nothing but a WebSocket, and as a program that ends by itself.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

import { URL_HERE } from './real.mjs'

const MODULE = process.env.FOCUS_SIGNAL_MODULE ?? new URL('../../src/focus_signal/web/focus-signal.js', import.meta.url).href

const CODE = `
  import { parentPort, workerData } from 'node:worker_threads'
  for (const name of ['window', 'document', 'sessionStorage', 'localStorage', 'addEventListener', 'RTCPeerConnection'])
    if (name in globalThis) throw new Error(name + ' is here')
  const { connect } = await import(workerData.module)
  const connection = connect(workerData.url, { userId: workerData.user })
  // Node hands out all messages of one read before whoever waits for a promise goes on.
  const came = new Promise((resolve) => connection.addEventListener('signal', ({ detail }) => resolve(detail)))
  const room = await connection.match({ matchSize: 2, pool: 'workers' })
  const [peer] = room.peers.filter((each) => each !== workerData.user)
  await connection.send(peer, 'from ' + workerData.user)
  const { data, from } = await came
  parentPort.postMessage([from, data])
  connection.close()
  setImmediate(() => parentPort.postMessage(process.getActiveResourcesInfo().filter((each) => each === 'Timeout')))
`

test('two workers meet, and end by themselves once they are closed', { timeout: 30_000 }, async () => {
  const url = new URL(`data:text/javascript,${encodeURIComponent(CODE)}`)
  const said = await Promise.all(
    ['ana-w', 'bo-w'].map(async (user) => {
      const worker = new Worker(url, { workerData: { module: MODULE, url: URL_HERE, user } })
      const words = []
      worker.on('message', (word) => words.push(word))
      const [code] = await once(worker, 'exit')
      return [code, ...words]
    }),
  )
  // No timer is left: the rest is the socket's own end.
  assert.deepEqual(said, [
    [0, ['bo-w', 'from bo-w'], []],
    [0, ['ana-w', 'from ana-w'], []],
  ])
})

test('the module needs nothing and gives two names', async () => {
  const names = Object.keys(await import(MODULE))
  assert.deepEqual(names.sort(), ['SignalError', 'connect'])
})
