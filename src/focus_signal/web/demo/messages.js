// What the page says: of everything that happens, and what helps where something is wrong.

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`

const INSTEAD = ' The others see a test picture.'
/** Why there is no camera or no microphone. */
export const MEDIA = {
  'insecure-origin': `The browser gives no camera to an address without https.${INSTEAD}`,
  'camera-denied': `The browser does not allow the camera.${INSTEAD} Allow it, then choose “Use camera”.`,
  'camera-missing': `No camera and no microphone were found.${INSTEAD}`,
  'camera-only': 'No microphone was found. The others see you, but do not hear you.',
  'microphone-only': `No camera was found.${INSTEAD} They do hear you.`,
  'camera-busy': `Another program uses the camera.${INSTEAD} Close it, then choose “Use camera”.`,
  'camera-failed': `The camera could not be started.${INSTEAD}`,
  'camera-ended': `The camera or the microphone has stopped.${INSTEAD}`,
}

/** Why a wish was not granted. */
export function refusal({ code, message, retryAfter }, room) {
  const wait = `Try again in ${count(retryAfter ?? 1, 'second', 'seconds')}.`
  const texts = {
    'room-not-found': `There is no room ${room}. Is the code right, and is anybody still there?`,
    'room-full': `The room ${room} is full. Try again when somebody has left.`,
    'code-taken': `Another room has the code ${room}. Choose another one, or none.`,
    'rate-limited': `That was too much in a short time. ${wait}`,
    'try-later': `The server has just been started; the room may yet come back. ${wait}`,
  }
  return texts[code] ?? `The server refused (${code}): ${message}.`
}

export const goingAway = (inCall) =>
  `The server restarts; ${inCall ? 'your call goes on, ' : ''}reconnecting…`

/** The connection to the server is gone for now. */
export function lost(code, inCall) {
  if (code === 1012) return goingAway(inCall)
  if (code === 1013) return 'The server is full. Trying again…'
  if (inCall) return 'The connection to the server is lost; your call goes on, reconnecting…'
  return 'The server cannot be reached. Trying again…'
}

export const idInUse = (name) =>
  `Somebody is here as ${name}. Choose another name; if that was you a moment ago, wait half a minute.`

/** The connection has ended for good. */
export const ended = ({ code, reason }) =>
  code === 4501
    ? 'You opened this in another window. This one has stopped.'
    : `The server has ended the connection (${code} ${reason}).`

const CLOSED = {
  lost: 'The server has lost the room: it was started anew, or you were away for too long.',
  removed: 'The room goes on without you: you were away for too long.',
}

/** The events of a connection. */
export const EVENTS = {
  open: ({ resumed }) => (resumed ? 'Connected again, nothing is lost.' : 'Connected.'),
  away: ({ code, reason, retryIn }) => `Not connected (${code} ${reason}), again in ${retryIn.toFixed(1)} s.`,
  closed: ended,
  'going-away': () => 'The server is about to restart.',
  queued: ({ position, waiting, needed }) => `Place ${position} of ${waiting}, ${needed} missing.`,
  'match-ended': ({ reason }) => `The search has ended: ${reason}.`,
  'room-found': ({ peers }) => `In a room of ${peers.length}.`,
  'room-closed': ({ reason }) => CLOSED[reason] ?? `The room is closed: ${reason}.`,
  'peer-joined': ({ peer }) => `${peer} is here.`,
  'peer-away': ({ peer, grace }) => `${peer} has lost the connection; waiting ${grace} seconds.`,
  'peer-back': ({ peer }) => `${peer} is back.`,
  'peer-left': ({ peer, reason }) => `${peer} ${reason === 'lost' ? 'did not come back' : 'has left'}.`,
  error: ({ code, message }) => `${code}: ${message}`,
}

export const missing = (needed) => `${count(needed, 'person is', 'people are')} missing.`
