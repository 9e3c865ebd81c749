// The messages of the WebSocket subprotocol focus-signal.v1. Made from src/focus_signal/wire/messages.
//
//     const message: FromServer = JSON.parse(event.data);
//     switch (message.type) { case "room-found": ... }
//
// Ignore fields and types that are not here: a later server may send more.

/** Any message that a client sends. */
export type FromClient =
  | FromClient.Matchmaking
  | FromClient.Cancel
  | FromClient.Ready
  | FromClient.Decline
  | FromClient.RoomCreate
  | FromClient.RoomJoin
  | FromClient.RoomLeave
  | FromClient.Offer
  | FromClient.Answer
  | FromClient.IceCandidate
  | FromClient.Signal
  | FromClient.Broadcast
  | FromClient.Ping
  | FromClient.Renew;

export namespace FromClient {
  /** The fields that nearly all of them have. */
  export interface Common {
    /**
     * The client's number for this message, larger than each before: with it the message is answered by an
     * `ack` or an `error`, and may be sent again after a cut. At least 1
     */
    id?: number;
    /** The `seq` of the last message that was handled: the server keeps none up to it. At least 0 */
    seen?: number;
  }

  /**
   * Ask for a match. Asking alike keeps the place; asking for anything else replaces the ticket. Either
   * `matchSize` is there, or both of `minSize` and `maxSize`; `readyCheck` and `backfill` exclude each
   * other.
   */
  export interface Matchmaking extends Common {
    type: "matchmaking";
    /** So many people, and no other number. At least 1 */
    matchSize?: number;
    /** So many people at least. At least 1 */
    minSize?: number;
    /** So many people at most. At least 1 */
    maxSize?: number;
    /** Only tickets of one pool meet. At most 128 characters. Default: "" */
    pool?: string;
    party?: PartyFields;
    /** User ids not to meet. At most 32 items. Default: [] */
    avoid?: string[];
    /** Seconds for which only the largest size will do. 0 to 3,600. Default: 10 */
    patience?: number;
    /** Seconds after which the ticket ends. 1 to 86,400 */
    timeout?: number;
    /** Whether everyone has to say that they are ready. Default: false */
    readyCheck?: boolean;
    /** Whether others may come into the room later. Default: false */
    backfill?: boolean;
  }

  /** Give the ticket back. */
  export interface Cancel extends Common {
    type: "cancel";
  }

  /** Be ready for a match that was proposed. */
  export interface Ready extends Common {
    type: "ready";
    /** The proposal's id. 1 to 128 characters */
    proposal: string;
  }

  /** Turn a match down that was proposed. */
  export interface Decline extends Common {
    type: "decline";
    /** The proposal's id. 1 to 128 characters */
    proposal: string;
  }

  /** Open a room that others enter by its code. */
  export interface RoomCreate extends Common {
    type: "room-create";
    /** How many people may be in it. At least 1 */
    maxSize: number;
    /** A code of one's own choice: letters and digits. 4 to 32 characters */
    code?: string;
  }

  /** Enter a room by its code. */
  export interface RoomJoin extends Common {
    type: "room-join";
    /** The room's code. 1 to 64 characters */
    code: string;
  }

  /** Leave the room. */
  export interface RoomLeave extends Common {
    type: "room-leave";
  }

  /** Hand a peer an offer. */
  export interface Offer extends Common {
    type: "offer";
    /** The user id of a peer in the sender's room. At least 1 character */
    to: string;
    from?: string | null;
    /** The room that is meant: if it is not the sender's, nothing is relayed */
    roomId?: string;
    /** Any JSON; it is passed on as it came */
    sdp?: unknown;
    /** Any JSON; it is passed on as it came */
    candidate?: unknown;
  }

  /** Hand a peer an answer. */
  export interface Answer extends Common {
    type: "answer";
    /** The user id of a peer in the sender's room. At least 1 character */
    to: string;
    from?: string | null;
    /** The room that is meant: if it is not the sender's, nothing is relayed */
    roomId?: string;
    /** Any JSON; it is passed on as it came */
    sdp?: unknown;
    /** Any JSON; it is passed on as it came */
    candidate?: unknown;
  }

  /** Hand a peer an ICE candidate. */
  export interface IceCandidate extends Common {
    type: "ice-candidate";
    /** The user id of a peer in the sender's room. At least 1 character */
    to: string;
    from?: string | null;
    /** The room that is meant: if it is not the sender's, nothing is relayed */
    roomId?: string;
    /** Any JSON; it is passed on as it came */
    sdp?: unknown;
    /** Any JSON; it is passed on as it came */
    candidate?: unknown;
  }

  /** Hand a peer anything else. */
  export interface Signal extends Common {
    type: "signal";
    /** The user id of a peer in the sender's room. At least 1 character */
    to: string;
    from?: string | null;
    /** The room that is meant: if it is not the sender's, nothing is relayed */
    roomId?: string;
    /** Any JSON; it is passed on as it came */
    data: unknown;
  }

  /** Hand something to everyone else in the room. */
  export interface Broadcast extends Common {
    type: "broadcast";
    /** Any JSON; it is passed on as it came */
    data: unknown;
    /** The room that is meant: if it is not the sender's, nothing is relayed */
    roomId?: string;
  }

  /** Ask for a sign of life; `seen` must be there. */
  export interface Ping extends Common {
    type: "ping";
    /** The `seq` of the last message that was handled: the server keeps none up to it. At least 0 */
    seen: number;
  }

  /** Bring a new token before the old one ends, where the server asks for tokens. */
  export interface Renew extends Common {
    type: "renew";
    /** 1 to 8,192 characters */
    token: string;
  }

  /** Name those with whom to stay together. */
  export interface PartyFields {
    /** Random, and known to the party alone. 8 to 64 characters */
    code: string;
    /** How many people the party has. At least 1 */
    size: number;
  }
}

/** Any message that a client gets. */
export type FromServer =
  | FromServer.Welcome
  | FromServer.Session
  | FromServer.Ack
  | FromServer.Queued
  | FromServer.MatchProposed
  | FromServer.MatchEnded
  | FromServer.RoomFound
  | FromServer.RoomClosed
  | FromServer.PeerJoined
  | FromServer.PeerAway
  | FromServer.PeerBack
  | FromServer.PeerLeft
  | FromServer.Offer
  | FromServer.Answer
  | FromServer.IceCandidate
  | FromServer.Signal
  | FromServer.Broadcast
  | FromServer.Pong
  | FromServer.IceServers
  | FromServer.GoingAway
  | FromServer.Error;

export namespace FromServer {
  /** The fields that nearly all of them have. */
  export interface Common {
    /** The message's number in this session. At least 1 */
    seq: number;
  }

  /** Say who the client is and what stands. The first message of each connection. */
  export interface Welcome {
    type: "welcome";
    /** The protocol's version */
    protocol: number;
    /** A user id */
    userId: string;
    /** Whether every message follows that the client has not seen */
    resumed: boolean;
    /** The number before that of the next message */
    seq: number;
    /** The largest `id` that was answered; absent after a restart, when that is unknown */
    lastId?: number;
    state?: StateFields;
    /** Why the session that the client named is not resumed */
    why?: string;
    /** Seconds between the server's WebSocket pings */
    heartbeat: number;
    /** As RTCPeerConnection takes them */
    iceServers: unknown[];
    /** Seconds for which the ICE servers' credentials hold */
    iceExpiresIn?: number;
    /** What this server can do beyond the protocol */
    features: string[];
    limits: LimitFields;
  }

  /** Bring the token by which the session is resumed; the last one counts. */
  export interface Session extends Common {
    type: "session";
    /** Opaque; for a `resume` at the next connection */
    session: string;
  }

  /** Answer all messages up to `id` that got no `error`: they are done, or in the peer's buffer. */
  export interface Ack extends Common {
    type: "ack";
    id: number;
  }

  /** Tell where the receiver stands among those who wait; at once, then every 5 s if it has changed. */
  export interface Queued extends Common {
    type: "queued";
    pool: string;
    /** How many people there are up to the receiver */
    position: number;
    /** How many people wait in all */
    waiting: number;
    /** How many are missing for the smallest room that the receiver accepts by now */
    needed: number;
  }

  /** Propose a match, which stands once everyone has said `ready`. */
  export interface MatchProposed extends Common {
    type: "match-proposed";
    proposal: string;
    size: number;
    /** Seconds to say `ready` */
    within: number;
  }

  /** Tell that the ticket has ended without a room. */
  export interface MatchEnded extends Common {
    type: "match-ended";
    reason: "cancelled" | "declined" | "draining" | "not-ready" | "party-ended" | "replaced" | "timed-out";
  }

  /** Tell that the receiver is in a room from here on, until a `room-closed`. */
  export interface RoomFound extends Common {
    type: "room-found";
    roomId: string;
    /** The user ids of all members, the receiver too, in the order of arrival */
    peers: string[];
    /** Those to whom the receiver offers and is impolite; to all others it is polite */
    offerTo: string[];
    /** By which others may enter */
    code?: string;
    /** Who speaks the seed's dialect: wait 2 s for their offer first, and be polite */
    seed?: string[];
    /** Those who are away at this moment */
    away?: string[];
  }

  /** Tell that the receiver is no longer in the room. */
  export interface RoomClosed extends Common {
    type: "room-closed";
    roomId: string;
    reason: "closed" | "left" | "moved" | "removed";
  }

  /** Tell that somebody has come into the room, and will offer to the receiver. */
  export interface PeerJoined extends Common {
    type: "peer-joined";
    /** A user id */
    peer: string;
  }

  /** Tell that a peer's connection has ended; what is relayed to it is kept. */
  export interface PeerAway extends Common {
    type: "peer-away";
    /** A user id */
    peer: string;
    /** Seconds in which it may come back */
    grace: number;
  }

  /** Tell that a peer has come back. */
  export interface PeerBack extends Common {
    type: "peer-back";
    /** A user id */
    peer: string;
    /** False: what was sent to it may be lost, and the pair's offerer restarts ICE */
    resumed: boolean;
  }

  /** Tell that a peer is no longer in the room. */
  export interface PeerLeft extends Common {
    type: "peer-left";
    /** A user id */
    peer: string;
    reason: "left" | "lost" | "moved" | "removed" | "replaced";
  }

  /** Bring a peer's offer. */
  export interface Offer extends Common {
    type: "offer";
    /** The user id of the sender */
    from: string;
    /** As the peer has sent it, byte for byte */
    sdp?: unknown;
    /** As the peer has sent it, byte for byte */
    candidate?: unknown;
  }

  /** Bring a peer's answer. */
  export interface Answer extends Common {
    type: "answer";
    /** The user id of the sender */
    from: string;
    /** As the peer has sent it, byte for byte */
    sdp?: unknown;
    /** As the peer has sent it, byte for byte */
    candidate?: unknown;
  }

  /** Bring a peer's ICE candidate. */
  export interface IceCandidate extends Common {
    type: "ice-candidate";
    /** The user id of the sender */
    from: string;
    /** As the peer has sent it, byte for byte */
    sdp?: unknown;
    /** As the peer has sent it, byte for byte */
    candidate?: unknown;
  }

  /** Bring what a peer has sent to the receiver alone. */
  export interface Signal extends Common {
    type: "signal";
    /** The user id of the sender */
    from: string;
    /** As the peer has sent it, byte for byte */
    data: unknown;
  }

  /** Bring what a peer has sent to the whole room. */
  export interface Broadcast extends Common {
    type: "broadcast";
    /** The user id of the sender */
    from: string;
    /** As the peer has sent it, byte for byte */
    data: unknown;
  }

  /** Answer a `ping`. */
  export interface Pong {
    type: "pong";
  }

  /** Bring new ICE servers, before the credentials of the old ones end. */
  export interface IceServers extends Common {
    type: "ice-servers";
    /** As RTCPeerConnection takes them */
    iceServers: unknown[];
    iceExpiresIn?: number;
  }

  /** Tell that the server is about to close the connection. */
  export interface GoingAway extends Common {
    type: "going-away";
    /** Seconds after which to come back */
    reconnectIn: number;
  }

  /** Answer what is not done. Nothing has changed, and the connection is kept. */
  export interface Error extends Common {
    type: "error";
    /** What is wrong, for a program */
    code: string;
    /** What is wrong, for people */
    message: string;
    /** The message's number, if it had one */
    id?: number;
    /** Whom it was for, if for anybody */
    to?: string;
    /** Seconds after which to ask again */
    retryAfter?: number;
  }

  /** Be all that stands; what is not here has ended. */
  export interface StateFields {
    ticket?: TicketFields;
    proposal?: ProposalFields;
    room?: RoomFields;
  }

  /** Be where the receiver stands among those who wait. */
  export interface TicketFields {
    pool: string;
    /** How many people there are up to the receiver */
    position: number;
    /** How many people wait in all */
    waiting: number;
    /** How many are missing for the smallest room that the receiver accepts by now */
    needed: number;
  }

  /** Be a match that stands once everyone is ready. */
  export interface ProposalFields {
    proposal: string;
    size: number;
    /** Seconds that are left to say `ready` */
    within: number;
  }

  /** Be a room as the receiver sees it. */
  export interface RoomFields {
    roomId: string;
    /** The user ids of all members, the receiver too, in the order of arrival */
    peers: string[];
    /** Those to whom the receiver offers and is impolite; to all others it is polite */
    offerTo: string[];
    /** By which others may enter */
    code?: string;
    /** Who speaks the seed's dialect: wait 2 s for their offer first, and be polite */
    seed?: string[];
    /** Those who are away at this moment */
    away?: string[];
  }

  /** Be the server's limits; 0 is no limit. */
  export interface LimitFields {
    /** The largest message, in bytes */
    frameBytes: number;
    /** The largest room */
    matchSize: number;
    /** Seconds for which a session outlives its connection */
    grace: number;
    /** How much is kept of what the client has not seen, in bytes */
    replayBytes: number;
    /** Messages a second for long */
    messageRate: number;
    /** Messages at once */
    messageBurst: number;
    /** Bytes a second for long */
    byteRate: number;
    /** Bytes at once */
    byteBurst: number;
  }
}

/** The codes of `FromServer.Error` that there are; a later server may have more. */
export type ErrorCode =
  | "bad-json"
  | "bad-message"
  | "unknown-type"
  | "bad-match-size"
  | "wrong-sender"
  | "party-mismatch"
  | "not-allowed"
  | "not-queued"
  | "not-proposed"
  | "not-in-room"
  | "peer-unavailable"
  | "room-not-found"
  | "room-full"
  | "code-taken"
  | "rate-limited"
  | "try-later"
  | "draining";
