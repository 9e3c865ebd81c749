// Servers that do not know the protocol, over real sockets: Node takes no answered subprotocol for what it is.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

import { Client, live } from './real.mjs'

Math.random = () => 0

/** A server of the seed's dialect: it matches whoever asks, in twos. */
async function seedServer() {
  const offered = []
  const sockets = new Set()
  const users = []
  const waiting = []
  const server = createServer()
  server.on('upgrade', ({ url, headers }, socket) => {
    const protocols = headers['sec-websocket-protocol']
    offered.push(protocols ?? null)
    sockets.add(socket)
    socket.on('error', () => 'its close follows')
    // As browsers do with whoever answers none of their subprotocols; Node does not mind.
    if (protocols) return socket.destroy()
    const key = headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
    const accept = createHash('sha1').update(key).digest('base64')
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
    const user = { id: new URL(url, 'http://x').searchParams.get('userId'), socket }
    users.push(user)
    let kept = Buffer.alloc(0)
    socket.on('data', (data) => {
      kept = Buffer.concat([kept, data])
      for (let frame; (frame = take(kept)); kept = kept.subarray(frame.length)) if (frame.opcode === 1) hear(user, JSON.parse(frame.text))
    })
    return undefined
  })
  const say = ({ socket }, message) => {
    const text = Buffer.from(JSON.stringify(message))
    socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]))
  }
  function hear(user, message) {
    server.heard.push([user.id, message])
    if (message.type === 'matchmaking') {
      waiting.push(user)
      if (waiting.length < 2) return
      const two = waiting.splice(0)
      const peers = two.map(({ id }) => id)
      for (const each of two) say(each, { type: 'room-found', roomId: 'r1', peers })
    } else {
      const to = users.findLast(({ id }) => id === message.to)
      say(to, { type: message.type, from: message.from, sdp: message.sdp })
    }
  }
  server.heard = []
  server.offered = offered
  server.cut = () => {
    waiting.length = 0
    for (const socket of sockets) socket.destroy()
  }
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** Read a masked frame of less than 64 KiB. */
function take(data) {
  if (data.length < 6) return null
  const wide = (data[1] & 127) === 126
  const size = wide ? data.readUInt16BE(2) : data[1] & 127
  const head = wide ? 4 : 2
  const length = head + 4 + size
  if (data.length < length) return null
  const text = Buffer.from(data.subarray(head + 4, length)).map((byte, at) => byte ^ data[head + (at & 3)])
  return { opcode: data[0] & 15, length, text: text.toString() }
}

live('a server of the seed: match, relay, and a match that is asked for again after a cut', async (t) => {
  const server = await seedServer()
  t.after(() => (server.cut(), server.close()))
  const url = `ws://127.0.0.1:${server.address().port}/signal`
  const ana = new Client('ana', url)
  await ana.next('open')
  const first = ana.connection.match(2)
  while (!server.heard.length) await new Promise((resolve) => setImmediate(resolve))
  server.cut()
  await ana.next('away')
  await ana.next('open')
  const bo = new Client('bo', url)
  await bo.next('open')
  const rooms = await Promise.all([first, bo.connection.match(2)])
  assert.deepEqual(rooms.map(({ roomId }) => roomId), ['r1', 'r1'])
  const [earlier, later] = rooms[0].peers
  assert.deepEqual(ana.connection.room.offerTo, earlier === 'ana' ? [] : ['bo'])
  assert.ok(later)
  await bo.connection.request('offer', { to: 'ana', sdp: 'v=0' })
  const { from, sdp } = await ana.next('offer')
  assert.deepEqual([from, sdp], ['bo', 'v=0'])
  assert.ok(server.heard.every(([user, message]) => message.from === user))
  assert.equal(server.heard.filter(([user, { type }]) => user === 'ana' && type === 'matchmaking').length, 2)
  assert.equal(server.offered[0], 'focus-signal.v1')
})
