// The calls with the others in the room: a tile with picture and sound for each, and the chat between all.

import { own } from './media.js'
import { $, make, note, say } from './view.js'

const STATES = {
  connected: '',
  disconnected: 'interrupted, one moment…',
  failed: 'no way through, trying again…',
}

export class Calls {
  all = new Map() // by name: { call, tile, video, state, newest, away, off, over }
  #connection

  constructor(connection) {
    this.#connection = connection
  }

  /** Have a call with everybody who is in the room, and with nobody else. */
  sync({ peers, away }) {
    for (const peer of this.all.keys()) if (!peers.includes(peer)) this.drop(peer)
    for (const peer of peers) {
      if (peer === this.#connection.userId) continue
      if (this.all.get(peer)?.over !== false) this.#begin(peer)
      this.set(peer, { away: away.includes(peer) ? waitingFor(this.#connection.limits.grace) : '' })
    }
  }

  /** Change what is known of a peer. */
  set(peer, change) {
    const entry = this.all.get(peer)
    if (!entry) return
    const { tile, state, away, off } = Object.assign(entry, change)
    tile.dataset.state = away ? 'away' : state
    tile.querySelector('.state').textContent = away || (STATES[state] ?? 'connecting…') || off
  }

  drop(peer) {
    const entry = this.all.get(peer)
    if (!entry) return
    this.all.delete(peer)
    entry.call.close()
    entry.tile.remove()
    this.#update()
  }

  end() {
    for (const peer of this.all.keys()) this.drop(peer)
    $('sound').hidden = true
    $('chat-log').replaceChildren()
  }

  /** Those who can be written to now. */
  get reached() {
    return [...this.all.keys()].filter((peer) => this.all.get(peer).call.channels.chat?.readyState === 'open')
  }

  chat(text) {
    const { reached } = this
    for (const peer of reached) this.all.get(peer).call.channels.chat.send(text)
    addLine(this.#connection.userId, text, true)
    const missed = [...this.all.keys()].filter((peer) => !reached.includes(peer))
    if (missed.length) say(`This did not reach ${missed.join(', ')}.`)
  }

  soundOn() {
    $('sound').hidden = true
    for (const { video } of this.all.values()) {
      video.muted = false
      this.#play(video)
    }
  }

  #begin(peer) {
    this.all.get(peer)?.tile.remove()
    const tile = make('figure', { tile: peer })
    const video = make('video', { peer })
    video.playsInline = true
    video.ariaLabel = `Picture of ${peer}`
    const caption = make('figcaption')
    caption.append(make('b', {}, peer, 'name'), make('span', {}, '', 'state'))
    tile.append(video, caption)
    $('tiles').append(tile)

    const call = this.#connection.call(peer, { stream: own, channels: ['chat'] })
    const entry = { call, tile, video, state: 'connecting', newest: {}, away: '', off: '', over: false }
    this.all.set(peer, entry)
    const on = (type, act) => call.addEventListener(type, ({ detail }) => act(detail))
    on('track', ({ track }) => this.#onTrack(peer, entry, track))
    on('channel', ({ channel }) => this.#onChannel(peer, channel))
    on('state', ({ state }) => {
      note('state', `${peer}: ${state}`, { peer, state })
      this.set(peer, { state })
    })
    on('fault', ({ error }) => note('fault', `${peer}: ${error}`, { peer }))
    on('close', () => (entry.over = true))
    for (const channel of Object.values(call.channels)) this.#onChannel(peer, channel)
    this.#update()
  }

  // Of each kind the newest track counts: the peer may have begun anew, or changed what it sends.
  #onTrack(peer, { newest, video }, track) {
    note('track', `${peer} sends ${track.kind}`, { peer })
    newest[track.kind] = track
    video.srcObject = new MediaStream(Object.values(newest))
    const seen = () => newest.video === track && note('first-picture', `${peer} is seen`, { peer })
    if (track.kind === 'video') video.requestVideoFrameCallback?.(seen)
    this.#play(video)
  }

  async #play(video) {
    try {
      await video.play()
    } catch (error) {
      if (error.name !== 'NotAllowedError') return // a newer stream has come, or the tile has gone
      // Before the first click in a page a browser may forbid sound, not pictures.
      video.muted = true
      $('sound').hidden = false
      video.play().catch(() => {}) // forbidden too: the button for the sound starts both
    }
  }

  #onChannel(peer, channel) {
    if (channel.label !== 'chat') return
    channel.onopen = () => {
      note('chat-open', `Chat with ${peer} is open`, { peer })
      this.#update()
    }
    channel.onclose = () => this.#update()
    channel.onmessage = ({ data }) => typeof data === 'string' && addLine(peer, data)
  }

  // Somebody has come, has gone, or can be written to.
  #update() {
    const { size } = this.all
    const text = $('chat-text')
    $('tiles').dataset.count = size
    $('tiles').style.setProperty('--columns', Math.ceil(Math.sqrt(size)))
    $('alone').hidden = size
    const mute = !this.reached.length
    if (mute && document.activeElement === text) $('room-title').focus()
    text.disabled = $('chat-send').disabled = mute
  }
}

export const waitingFor = (seconds) => `connection lost, waiting ${seconds} s`

function addLine(from, text, isOwn) {
  const line = make('li', { from }, '', isOwn ? 'own' : '')
  line.append(make('b', {}, isOwn ? 'You' : from, 'who'), ' ', make('span', {}, text, 'said'))
  const log = $('chat-log')
  log.append(line)
  log.parentElement.scrollTop = log.offsetHeight
}
