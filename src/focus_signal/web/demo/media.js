// One's own stream, the same for all calls: camera and microphone, or the test picture.

import { drawPicture } from './picture.js'

export const own = new MediaStream()

let audio // makes the test picture's silence
let turn = 0 // of two openings the later one counts

const PROBLEMS = {
  NotAllowedError: 'camera-denied',
  NotFoundError: 'camera-missing',
  NotReadableError: 'camera-busy',
  AbortError: 'camera-busy',
}

/**
 * Fill the own stream. Resolves with what is shown, camera or picture, and the kind of problem, if any; with
 * null if another opening or `stopMedia` came first.
 */
export async function openMedia(source, name, onEnded) {
  const mine = ++turn
  let fresh = []
  let problem
  try {
    if (source === 'camera') fresh = await askForCamera()
  } catch (error) {
    problem = PROBLEMS[error.name] ?? (navigator.mediaDevices ? 'camera-failed' : 'insecure-origin')
  }
  if (mine !== turn) {
    for (const track of fresh) track.stop()
    return null
  }
  const kinds = fresh.map(({ kind }) => kind)
  if (kinds.length === 1) problem = kinds[0] === 'video' ? 'camera-only' : 'microphone-only'
  for (const track of fresh) track.onended = () => mine === turn && onEnded()
  const shown = kinds.includes('video') ? 'camera' : 'picture'
  empty()
  if (shown === 'picture') fresh.push(...drawPicture(name).getTracks())
  if (!fresh.some(({ kind }) => kind === 'audio')) fresh.push(...silence())
  for (const track of fresh) own.addTrack(track)
  return { shown, problem }
}

export function stopMedia() {
  turn++
  empty()
}

/** Whether a camera may be opened without asking anybody. */
export async function isCameraAllowed() {
  try {
    return (await navigator.permissions.query({ name: 'camera' })).state === 'granted'
  } catch {
    return false // this browser does not tell it of cameras
  }
}

/** Bring what the own stream holds now into a call that was made before. */
export function swap(pc) {
  for (const track of own.getTracks()) {
    const sender = pc.getSenders().find((other) => other.track?.kind === track.kind)
    if (sender) sender.replaceTrack(track)
    else pc.addTrack(track, own)
  }
}

function empty() {
  for (const track of own.getTracks()) {
    track.stop()
    own.removeTrack(track)
  }
  audio?.close()
  audio = undefined
}

async function askForCamera() {
  const { mediaDevices } = navigator
  const video = { width: 640, height: 360, frameRate: { max: 24 } }
  try {
    return (await mediaDevices.getUserMedia({ video, audio: true })).getTracks()
  } catch (error) {
    if (error.name !== 'NotFoundError') throw error
    // One of the two may be missing: take the other.
    const kinds = (await mediaDevices.enumerateDevices()).map(({ kind }) => kind)
    const camera = kinds.includes('videoinput')
    if (camera === kinds.includes('audioinput')) throw error
    return (await mediaDevices.getUserMedia(camera ? { video } : { audio: true })).getTracks()
  }
}

/** A silent track; none where the page may make no sound yet. */
function silence() {
  if (!globalThis.AudioContext || navigator.userActivation?.hasBeenActive === false) return []
  audio = new AudioContext()
  return audio.createMediaStreamDestination().stream.getTracks()
}
