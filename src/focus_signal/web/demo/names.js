// The name to begin with: a friendly one, or the one chosen last. Two tabs never begin with the same one, for
// the name is the user id.

const MOODS = ['Amber', 'Brisk', 'Calm', 'Gentle', 'Jolly', 'Keen', 'Merry']
const ANIMALS = ['Badger', 'Crane', 'Finch', 'Hare', 'Heron', 'Otter', 'Puffin', 'Seal']
const KEY = 'focus-signal name'

const one = (words) => words[Math.floor(Math.random() * words.length)]

/** An area of the browser's storage by its name, if it is not forbidden here. */
export function storage(area) {
  try {
    return globalThis[area]
  } catch {
    return undefined // forbidden: the page works without
  }
}

let release = () => {}

/** Hold a name for as long as this tab is open. Resolves with false if another tab holds it. */
function hold(name) {
  release()
  if (!navigator.locks) return true // not a secure origin: the server finds it out
  return new Promise((resolve) => {
    navigator.locks.request(`${KEY} ${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null)
      return lock && new Promise((free) => (release = free))
    })
  })
}

/** The name to begin with. */
export async function firstName() {
  const last = storage('localStorage')?.getItem(KEY)
  if (last && (await hold(last))) return last
  const name = `${one(MOODS)} ${one(ANIMALS)} ${Math.floor(10 + Math.random() * 90)}`
  await hold(name)
  return name
}

export function rememberName(name) {
  storage('localStorage')?.setItem(KEY, name)
  hold(name)
}
