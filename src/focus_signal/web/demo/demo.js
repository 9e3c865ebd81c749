// The demo page: choose a name, meet, see and hear each other, write, leave.
//
// For tests: body[data-view] is lobby, queue or call; by name figure[data-tile], video[data-peer], #chat-log
// li[data-from]; #timeline li[data-kind], #notice [data-kind]; #queue[data-phase, -position, …]; #room[data-room,
// -code]; focusSignal. `?picture` asks for no camera, `#room=CODE` invites.

import { connect } from './focus-signal.js'
import { Calls, waitingFor } from './calls.js'
import { isCameraAllowed, openMedia, own, stopMedia, swap } from './media.js'
import { ended, EVENTS, goingAway, idInUse, lost, MEDIA, missing, refusal } from './messages.js'
import { firstName, rememberName, storage } from './names.js'
import { $, note, say, show, showQueue, unwarn, warn } from './view.js'

const KEY = 'focus-signal page'

let connection
let calls
let wish = null // what this page is here for: { kind, name, source, size, code, off, queued, found }
let askAtOpen = false
let again // the timer of the next try
let said // how many were missing when it was said last

globalThis.focusSignal = {
  get connection() {
    return connection
  },
  get calls() {
    return calls?.all
  },
}

// Into a call and out of it. The wish is kept over a reload, and no longer.

const keep = () => storage('sessionStorage')?.setItem(KEY, JSON.stringify(wish))

async function begin(fresh) {
  wish = fresh
  keep()
  $('notice').replaceChildren()
  said = 0
  showQueue('media', fresh.source === 'camera' ? 'Your browser may ask for the camera' : 'One moment')
  show(fresh.found ? 'call' : 'queue')
  rememberName(fresh.name)
  await openOwn(fresh.source)
  if (wish !== fresh) return
  showQueue('connecting', 'Connecting')
  if (connection?.userId !== fresh.name || connection.state === 'closed') {
    connection?.close()
    connection = connect('signal', { userId: fresh.name })
    note('connect', `Connecting as ${fresh.name}.`)
    listen(connection)
  }
  if (fresh.reloaded) askAtOpen = true
  else ask()
}

async function ask() {
  const mine = wish
  const { kind, size, code } = wish
  askAtOpen = false
  note('asked', kind === 'match' ? `Asked for a call of ${size}.` : `Asked for room ${code || '(new)'}.`)
  try {
    if (kind === 'match') await connection.match(size)
    else if (kind === 'create') await connection.create(size, code || undefined)
    else await connection.join(code)
  } catch (error) {
    if (wish === mine) refused(error)
  }
}

function refused(error) {
  const { code, retryAfter = 1 } = error
  if (code === 'closed') return // has an event of its own
  if (code === 'lost') return ask()
  if (code === 'draining') {
    askAtOpen = true
    wish.queued = null
    return warn('server-restarting', goingAway())
  }
  const text = refusal(error, wish.code)
  if (code === 'try-later') again = setTimeout(ask, retryAfter * 1000)
  else toLobby(wish.kind === 'match' ? 'meet' : 'code')
  warn(code, text)
}

function enter(room) {
  const { roomId, code } = room
  const hash = code ? `#room=${code}` : ''
  wish.found = true
  keep()
  unwarn('try-later')
  if ($('room').hidden) show('call')
  $('room').dataset.room = roomId
  $('room').dataset.code = code ?? ''
  $('invitation').hidden = !code
  $('room-code').textContent = code
  $('invite').href = $('invite').textContent = location.origin + location.pathname + hash
  history.replaceState(null, '', location.pathname + location.search + hash)
  calls ??= new Calls(connection)
  calls.sync(room)
  if (isOff()) tellOff()
  say(isInCall() ? `You are in a call with ${[...calls.all.keys()].join(', ')}.` : 'The room is open.')
}

function toLobby(focus) {
  wish = null
  keep()
  clearTimeout(again)
  part()
  calls?.end()
  calls = null
  stopMedia()
  $('self').srcObject = null
  $('notice').replaceChildren()
  readInvitation()
  show('lobby', $(focus))
  say('')
}

// The session ends with the call. Where the server cannot be told now, it is told when it can be.
function part() {
  const old = connection
  if (old?.state !== 'away') return old?.close()
  const done = () => wish || old.close()
  old.request(old.room ? 'room-leave' : 'cancel').then(done, done)
}

// What the server says.

const isInCall = () => Boolean(calls?.all.size)

const ACTS = {
  open({ resumed, state }) {
    const ticket = state?.ticket ?? (resumed && wish.queued)
    unwarn('lost', 'server-restarting')
    if (wish.found && connection.room) enter(connection.room)
    else if (askAtOpen && wish.found) ACTS['room-closed']({ reason: 'lost' })
    else if (ticket) ACTS.queued(ticket)
    else if (askAtOpen) ask()
  },
  away({ code }) {
    if (code === 4004 && !connection.room) {
      const { name } = wish
      toLobby('name')
      return warn('id-in-use', idInUse(name))
    }
    const known = $('notice').querySelector('[data-kind=lost], [data-kind=server-restarting]')
    if (!known) warn(code === 1012 ? 'server-restarting' : 'lost', lost(code, isInCall()))
  },
  closed(detail) {
    toLobby()
    warn(detail.code === 4501 ? 'replaced' : 'closed', ended(detail))
  },
  'going-away': () => warn('server-restarting', goingAway(isInCall())),
  queued(numbers) {
    wish.queued = numbers
    keep()
    showQueue('queued', 'Waiting for others', wish.size, numbers)
    if (said !== numbers.needed) say(missing(numbers.needed))
    said = numbers.needed
  },
  // After a reload there is no promise that would tell it.
  'match-ended': ({ reason }) => askAtOpen && wish.queued && !wish.found && refused({ code: reason }),
  'room-found': enter,
  'room-closed'(detail) {
    if (detail.reason === 'moved' || !wish.found) return
    toLobby()
    warn('room-closed', EVENTS['room-closed'](detail))
  },
  'peer-joined'({ peer }) {
    calls?.sync(connection.room)
    unwarn('peer-left')
    if (isOff()) tellOff(peer)
  },
  'peer-away': ({ peer, grace }) => calls?.set(peer, { away: waitingFor(grace) }),
  'peer-back'({ peer, resumed }) {
    calls?.set(peer, { away: '' })
    if (!resumed && isOff()) tellOff(peer)
  },
  'peer-left'(detail) {
    calls?.drop(detail.peer)
    warn('peer-left', EVENTS['peer-left'](detail))
  },
  error: (error) => warn(error.code, refusal(error)),
}

function listen(to) {
  const on = (type, act) =>
    to.addEventListener(type, ({ detail }) => to === connection && wish && act(detail))
  for (const [type, act] of Object.entries(ACTS)) {
    on(type, (detail) => {
      const text = EVENTS[type](detail)
      note(detail.resumed && type === 'open' ? 'resumed' : type, text)
      if (type === 'open' || detail.peer) say(text)
      act(detail)
    })
  }
  const showOff = ({ from, data }) => calls?.set(from, { off: offText(data) })
  on('signal', showOff)
  on('broadcast', showOff)
}

// One's own picture and sound.

async function openOwn(source) {
  const opened = await openMedia(source, wish.name, async () => {
    await openOwn('picture')
    warn('camera-ended', MEDIA['camera-ended'])
  })
  if (!opened) return
  const { shown, problem } = opened
  note('media', `The ${shown} is on.`)
  unwarn(...Object.keys(MEDIA))
  if (problem) warn(problem, MEDIA[problem])
  $('self').srcObject = new MediaStream(own.getVideoTracks())
  $('own').dataset.shown = shown
  $('camera').hidden = shown === 'camera' || !navigator.mediaDevices
  setOff()
  for (const { call } of calls?.all.values() ?? []) swap(call.pc)
}

const KINDS = ['audio', 'video']
const isOff = () => wish.off.audio || wish.off.video
const offText = (off) =>
  [off?.audio && 'microphone off', off?.video && 'camera off'].filter(Boolean).join(', ')

function setOff() {
  for (const track of own.getTracks()) track.enabled = !wish.off[track.kind]
  for (const kind of KINDS) $(`mute-${kind}`).ariaPressed = Boolean(wish.off[kind])
}

// Whom it does not reach sees and hears it all the same.
function tellOff(peer) {
  const sent = peer ? connection.send(peer, wish.off) : connection.broadcast(wish.off)
  sent.catch((error) => note('error', EVENTS.error(error)))
}

for (const kind of KINDS) {
  $(`mute-${kind}`).onclick = () => {
    wish.off[kind] = !wish.off[kind]
    keep()
    setOff()
    tellOff()
  }
}
$('camera').onclick = () => openOwn((wish.source = 'camera'))
$('leave').onclick = $('cancel').onclick = () => {
  note('left', 'You have left.')
  toLobby()
}


// The chat, and what else there is in a call.

onsubmit = (event) => {
  event.preventDefault()
  const { id } = event.target
  if (id !== 'chat-form') return choose(id === 'meet-form' ? 'match' : 'join')
  const text = written('chat-text')
  if (text) calls.chat(text)
  $('chat-text').value = ''
}
$('sound').onclick = () => {
  calls.soundOn()
  $('leave').focus()
}
$('copy').hidden = !navigator.clipboard
$('copy').onclick = () =>
  navigator.clipboard.writeText($('invite').href).then(
    () => say('The link is copied.'),
    () => say('Copying is not allowed here.'),
  )

// The lobby.

for (let size = 2; size <= 16; size++) $('size').add(new Option(size))

const written = (id) => $(id).value.trim()

function update() {
  $('meet').disabled = $('create').disabled = !written('name')
  $('join').disabled = !written('name') || !written('code')
}
$('name').oninput = $('code').oninput = update

function choose(kind) {
  const [name, code] = [written('name'), written('code')]
  const source = $('source-camera').checked ? 'camera' : 'picture'
  begin({ kind, name, code, source, size: Number($('size').value), off: {} })
}
$('create').onclick = () => choose('create')

/** An invitation fills the code, and Enter in the name's field joins. */
function readInvitation() {
  const code = new URLSearchParams(location.hash.slice(1)).get('room')
  document.body.toggleAttribute('data-invited', code)
  $('invited').hidden = !code
  $('name').setAttribute('form', code ? 'room-form' : 'meet-form')
  if (code) $('code').value = code
  update()
}
onhashchange = readInvitation

async function load() {
  $('source-picture').checked = new URLSearchParams(location.search).has('picture')
  readInvitation()
  const before = JSON.parse(storage('sessionStorage')?.getItem(KEY) ?? null)
  if (before) {
    $('name').value = before.name
    const source = before.source === 'camera' && (await isCameraAllowed()) ? 'camera' : 'picture'
    return begin({ ...before, source, reloaded: true })
  }
  const name = await firstName()
  $('name').value ||= name
  update()
}

load()
