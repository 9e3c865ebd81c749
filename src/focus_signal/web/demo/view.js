// The three views, the notices, the timeline, and what is said aloud.

export const $ = (id) => document.getElementById(id)

const { dataset } = document.body
const VIEWS = { lobby: 'lobby', queue: 'queue', call: 'room' }

export function make(tag, data = {}, textContent = '', className = '') {
  const element = Object.assign(document.createElement(tag), { textContent, className })
  Object.assign(element.dataset, data)
  return element
}

const title = () => $(`${VIEWS[dataset.view]}-title`)

/** Show a view, and move the focus to its heading or to `focus`. */
export function show(view, focus) {
  dataset.view = view
  for (const [name, id] of Object.entries(VIEWS)) $(id).hidden = name !== view
  document.title = { lobby: '', queue: 'Waiting · ', call: 'In a call · ' }[view] + 'focus-signal'
  scrollTo(0, 0)
  if (focus) focus.focus()
  else title().focus({ preventScroll: true })
}

/** Say something aloud, politely. */
export function say(text) {
  $('status').textContent = text
}

/** Tell of a problem; one of the same kind is replaced. */
export function warn(kind, text) {
  unwarn(kind)
  const box = make('div', { kind })
  const button = make('button', {}, 'Dismiss')
  button.onclick = () => {
    box.remove()
    title().focus({ preventScroll: true })
  }
  box.append(make('p', {}, text), button)
  $('notice').append(box)
}

/** Take notices back. */
export function unwarn(...kinds) {
  for (const box of [...$('notice').children]) if (kinds.includes(box.dataset.kind)) box.remove()
}

/** Add a line of what happened. */
export function note(kind, text, data) {
  const line = make('li', { kind, ...data })
  line.append(make('time', {}, new Date().toTimeString().slice(0, 8)), ` ${text}`)
  $('timeline').append(line)
}

/** Show how the search goes: a phase, and once one is queued the numbers. */
export function showQueue(phase, text, size, numbers) {
  $('queue').dataset.phase = phase
  $('queue-title').textContent = text
  $('queue-facts').hidden = !numbers
  if (!numbers) return $('queue-dots').replaceChildren()
  const dots = $('queue-dots')
  for (const key of ['position', 'waiting', 'needed']) {
    $('queue').dataset[key] = $(key).textContent = numbers[key]
  }
  while (dots.children.length < size) dots.append(make('span'))
  for (let at = 0; at < size; at++) dots.children[at].className = at < size - numbers.needed ? 'here' : ''
}
