// A TCP relay between a client and its server that cuts: before, within and behind any frame of either way.
//
// It reads the frames' lengths (RFC 6455, section 5.2) and nothing else; the head of a handshake counts as the
// first piece of its way. Pieces are counted over all connections that are made through it.

import { connect, createServer } from 'node:net'

/** Where a piece is cut: how many of its bytes pass. */
export const PLACES = {
  before: () => 0,
  'after 1 byte': () => 1,
  'in the middle': (length) => length >> 1,
  'one before the end': (length) => length - 1,
  behind: (length) => length,
}

/** Give the length of the piece at the beginning of a stream; 0 if it is not there as a whole. */
function lengthOf(data, isHead) {
  if (isHead) return data.indexOf('\r\n\r\n') + 4 > 3 ? data.indexOf('\r\n\r\n') + 4 : 0
  if (data.length < 2) return 0
  let length = data[1] & 127
  let head = 2
  if (length > 125) {
    head = length === 126 ? 4 : 10
    if (data.length < head) return 0
    length = length === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2))
  }
  const all = head + (data[1] & 128 ? 4 : 0) + length
  return all <= data.length ? all : 0
}

export class Cutter {
  /** How many pieces have passed, of each way. */
  passed = { up: 0, down: 0 }
  /** How many connections there were. */
  connections = 0
  /** Where to cut, in this order: [way, piece, place]; pieces count from the last cut. */
  cuts = []
  /** Whether whoever comes is sent away. */
  closed = false
  #server
  #target
  #open = new Set()

  static async to(url) {
    const cutter = new Cutter()
    cutter.#target = new URL(url)
    cutter.#server = createServer((socket) => cutter.#relay(socket))
    await new Promise((resolve) => cutter.#server.listen(0, '127.0.0.1', resolve))
    return cutter
  }

  get url() {
    return `ws://127.0.0.1:${this.#server.address().port}/signal`
  }

  close() {
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
  }

  /** Cut whoever is connected now. */
  cut() {
    for (const socket of this.#open) socket.destroy()
  }

  #relay(client) {
    if (this.closed) return client.destroy()
    this.connections++
    const server = connect(Number(this.#target.port), this.#target.hostname)
    const pair = { over: false }
    for (const socket of [client, server]) {
      this.#open.add(socket)
      socket.setNoDelay()
      socket.on('error', () => 'its close follows')
      socket.on('close', () => {
        this.#open.delete(socket)
        // What is on its way to the other one gets there first.
        client.destroySoon()
        server.destroySoon()
      })
    }
    this.#way('up', client, server, pair)
    this.#way('down', server, client, pair)
    return undefined
  }

  #way(way, from, to, pair) {
    let kept = Buffer.alloc(0)
    let isHead = true
    from.on('data', (data) => {
      kept = Buffer.concat([kept, data])
      for (let length; !pair.over && (length = lengthOf(kept, isHead)); isHead = false) {
        const piece = kept.subarray(0, length)
        kept = kept.subarray(length)
        const [cut] = this.cuts
        if (cut && cut[0] === way && cut[1] === this.passed[way]) {
          this.cuts.shift()
          this.passed = { up: 0, down: 0 }
          pair.over = true
          // What is to pass does pass, and then both ends see the end.
          to.end(piece.subarray(0, PLACES[cut[2]](length)))
          from.destroy()
          return
        }
        this.passed[way]++
        to.write(piece)
      }
    })
    from.on('end', () => to.end(kept))
  }
}
