// The types of focus-signal.js. What a message holds stands in protocol.d.ts.

import type { ErrorCode, FromClient, FromServer } from './protocol.d.ts'

export type { ErrorCode, FromClient, FromServer }

/**
 * `connecting`: there has been no connection yet. `open` and `away` take turns from then on; it comes back by
 * itself. `closed`: it does not.
 */
export type State = 'connecting' | 'open' | 'away' | 'closed'

/** A room as the user sees it. */
export interface Room {
  roomId: string
  /** The user ids of all members, the user's own too, in the order of arrival. */
  peers: string[]
  /** Those to whom the user offers. */
  offerTo: string[]
  /** By which others may enter. */
  code?: string
  /** Those who speak the dialect of the seed. */
  seed: string[]
  /** Those who are away at this moment. */
  away: string[]
}

type Unnumbered<T> = Omit<T, 'type' | 'id' | 'seen'>

/** The fields of the message `matchmaking`. */
export type MatchTerms = Unnumbered<FromClient.Matchmaking>

/** The types of the messages that `request` sends. */
export type RequestType = Exclude<FromClient['type'], 'ping'>

/** The fields of a message, without those that the connection puts into it. */
export type RequestFields<T extends RequestType> = Unnumbered<Extract<FromClient, { type: T }>>

// Some messages have no fields, some have none that must be there.
type RequestArguments<F> = keyof F extends never ? [] : {} extends F ? [fields?: F] : [fields: F]

/**
 * Why something was not done: a code of the server's; the reason for which a match ended; `lost` if nobody knows
 * whether it was done; `closed` if the connection was closed for good. A later server may have more.
 */
export type SignalErrorCode =
  | ErrorCode
  | FromServer.MatchEnded['reason']
  | 'lost'
  | 'closed'
  | (string & {})

/** Why a request was not done. */
export class SignalError extends Error {
  constructor(code: SignalErrorCode, message?: string, more?: object)
  readonly name: 'SignalError'
  readonly code: SignalErrorCode
  /** Seconds after which to ask again. */
  readonly retryAfter?: number
  /** Whom it was for, if for anybody. */
  readonly to?: string
}

export interface ConnectOptions {
  /** The user's id; without it the server makes one up. */
  userId?: string
  /** What proves who the user is, where the server asks for that; a function is asked before each attempt. */
  token?: string | (() => string | Promise<string>)
  /** Closes the connection. */
  signal?: AbortSignal
  /** Where the session outlives a reload of the page: `sessionStorage` if not told otherwise; null is nowhere. */
  storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null
}

export interface CallOptions {
  /** Whose tracks are sent. */
  stream?: MediaStream | null
  /** The labels of data channels that both sides have, in the same order. */
  channels?: string[]
  /** More for `RTCPeerConnection`; its `iceServers` go before those of the server. */
  config?: RTCConfiguration
}

/** What a connection tells, by the name of the event. */
export interface ConnectionEventMap {
  /** There is a connection. Only `resumed` is there with a server that knows no more than the seed's dialect. */
  open: CustomEvent<Pick<FromServer.Welcome, 'resumed'> & Partial<FromServer.Welcome>>
  /** There is none for now; the next attempt is made in `retryIn` seconds. */
  away: CustomEvent<{ code: number; reason: string; retryIn: number }>
  /** There will be none any more. */
  closed: CustomEvent<{ code: number; reason: string }>
  queued: CustomEvent<FromServer.Queued>
  'match-proposed': CustomEvent<FromServer.MatchProposed>
  'match-ended': CustomEvent<FromServer.MatchEnded>
  'room-found': CustomEvent<Room>
  /** With the reason `lost`, the room ended while there was no connection. */
  'room-closed': CustomEvent<{ roomId: string; reason: FromServer.RoomClosed['reason'] | 'lost' }>
  'peer-joined': CustomEvent<FromServer.PeerJoined>
  'peer-away': CustomEvent<FromServer.PeerAway>
  'peer-back': CustomEvent<FromServer.PeerBack>
  'peer-left': CustomEvent<FromServer.PeerLeft>
  offer: CustomEvent<FromServer.Offer>
  answer: CustomEvent<FromServer.Answer>
  'ice-candidate': CustomEvent<FromServer.IceCandidate>
  signal: CustomEvent<FromServer.Signal>
  broadcast: CustomEvent<FromServer.Broadcast>
  'going-away': CustomEvent<FromServer.GoingAway>
  /** An error that answers no request. */
  error: CustomEvent<FromServer.Error>
}

/** What a call tells, by the name of the event. */
export interface CallEventMap {
  track: CustomEvent<{ track: MediaStreamTrack; stream: MediaStream }>
  channel: CustomEvent<{ channel: RTCDataChannel }>
  state: CustomEvent<{ state: RTCPeerConnectionState }>
  /** Something went wrong with what the peer sent. */
  fault: CustomEvent<{ error: unknown }>
  close: CustomEvent<null>
}

/** Whatever takes an event: a function, or an object with `handleEvent`. */
export type Listener<Target, Event> =
  | ((this: Target, event: Event) => void)
  | { handleEvent(event: Event): void }
  | null

/**
 * Connect to a server.
 *
 * @param url where `/signal` is: relative to the page, or one of http, https, ws and wss.
 */
export function connect(url: string | URL, options?: ConnectOptions): Connection

/** A connection to the server, which outlives its sockets. */
export interface Connection extends EventTarget {
  readonly state: State
  /** Undefined until the server has made one up, if it was not given. */
  readonly userId: string | undefined
  /** The room in which the user is. */
  readonly room: Room | null
  /** What the server tells to use for ICE. */
  readonly iceServers: RTCIceServer[]
  /** The server's limits; empty before `open`, and with a server that tells none. */
  readonly limits: Partial<FromServer.LimitFields>

  /**
   * Meet others. Rejects with a `SignalError`, whose code may be the reason for which the match ended.
   *
   * @param terms how many people, or the fields of `matchmaking`.
   */
  match(terms: number | MatchTerms): Promise<Room>
  /** Meet nobody after all. */
  cancel(): Promise<void>
  /** Open a room that others enter by its code. */
  create(maxSize: number, code?: string): Promise<Room>
  /** Enter a room by its code. */
  join(code: string): Promise<Room>
  leave(): Promise<void>
  /** Hand a peer of the room anything that JSON can hold. */
  send(to: string, data: unknown): Promise<void>
  /** Hand it to everyone else in the room. */
  broadcast(data: unknown): Promise<void>
  /** Send any message of the protocol. Resolves when it is done; rejects with a `SignalError`. */
  request<T extends RequestType>(
    type: T,
    ...fields: RequestArguments<RequestFields<T>>
  ): Promise<void>
  /** Call a peer of the room, or be called by it: both sides do the same. */
  call(peer: string, options?: CallOptions): Call
  /** End it, without coming back. */
  close(): void

  addEventListener<K extends keyof ConnectionEventMap>(
    type: K,
    listener: Listener<Connection, ConnectionEventMap[K]>,
    options?: boolean | AddEventListenerOptions,
  ): void
  removeEventListener<K extends keyof ConnectionEventMap>(
    type: K,
    listener: Listener<Connection, ConnectionEventMap[K]>,
    options?: boolean | EventListenerOptions,
  ): void
}

/** A call with one peer. It ends when the peer leaves the room. */
export interface Call extends EventTarget {
  readonly peer: string
  /** Made anew when the page of the peer was loaded anew. */
  readonly pc: RTCPeerConnection
  /** The data channels that are there, by their labels. */
  readonly channels: { readonly [label: string]: RTCDataChannel }
  close(): void

  addEventListener<K extends keyof CallEventMap>(
    type: K,
    listener: Listener<Call, CallEventMap[K]>,
    options?: boolean | AddEventListenerOptions,
  ): void
  removeEventListener<K extends keyof CallEventMap>(
    type: K,
    listener: Listener<Call, CallEventMap[K]>,
    options?: boolean | EventListenerOptions,
  ): void
}
