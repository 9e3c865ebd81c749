"""Mistakes in the browser's module: by the program of tests that catches it, what is wrong."""

from __future__ import annotations

# Of each the right text, which is there once, and the wrong one.
MISTAKES: dict[str, dict[str, tuple[str, str]]] = {
    "requests": {
        "what comes twice is handled twice": (
            "return seq > seen && lost(1006, 'gap')",
            "if (seq > seen) return lost(1006, 'gap')",
        ),
        "a gap is passed over": (
            "if (seq !== seen + 1) return seq > seen && lost(1006, 'gap')",
            "if (seq <= seen) return",
        ),
        "no hold for the first token": ("held = !same && !plain", "held = false"),
        "the hold never ends": ("        held = false\n        return flush()", "        return flush()"),
        "a new session is taken for the old one": (
            "if (welcome.why) token = null\n    const same = token && ",
            "const same = ",
        ),
        "a refused token is kept": ("if (welcome.why) token = null\n", ""),
        "everything is sent again": ("request.sent = same && id <= welcome.lastId", "request.sent = false"),
        "nothing is sent again": ("request.sent = same && id <= welcome.lastId", "request.sent = true"),
        "lost is never told": ("settle(id).reject(new SignalError('lost'))", "settle(id)"),
        "a goodbye is no goodbye": ("parted = code === 1012", "parted = false"),
        "every end is a goodbye": ("parted = code === 1012", "parted = true"),
        "an ack answers one": (
            "if (each <= id) settle(each).resolve()",
            "if (each === id) settle(each).resolve()",
        ),
        "an ack answers one more": (
            "if (each <= id) settle(each).resolve()",
            "if (each <= id + 1) settle(each).resolve()",
        ),
        "an error is not that of its request": ("if (!requests.has(id)) break", "break"),
        "an error tells no more than its code": (
            "new SignalError(message.code, message.message, message)",
            "new SignalError(message.code)",
        ),
        "what was seen is not told": ("if (seen % 50 === 0) ping()", ""),
        "what was seen is told each time": ("if (seen % 50 === 0) ping()", "ping()"),
        "a token is not answered": (
            "if (globalThis.document?.hidden) keep()\n        return ping()",
            "return",
        ),
        "the resume names what was not seen": (
            "protocols.push(`resume.${token}.${seen}`)",
            "protocols.push(`resume.${token}.${seen + 1}`)",
        ),
        "where it goes on after a loss": ("if (!resumed) seen = welcome.seq", ""),
        "it closes without a code": ("socket?.close?.(1000)", ""),
        "what is open at the end stays open": (
            "for (const { reject } of [...requests.values(), ...seekers]) reject(error)",
            "",
        ),
        "requests after the end wait for ever": (
            "if (over.signal.aborted) return reject(new SignalError('closed'))",
            "",
        ),
        "an unknown message is told each time": (
            "(warned[type] ||= !console.warn(",
            "(warned[type] = !console.warn(",
        ),
        "an old socket is listened to": (
            "mine.onmessage = ({ data }) => mine === socket && read(data)",
            "mine.onmessage = ({ data }) => read(data)",
        ),
        "nobody looks for a welcome that does not come": ("    watchEvery(10)\n", ""),
    },
    "coming_back": {
        "it comes back from everything": (
            "(code < 4000 || code >= 4500)) return end(code, reason)",
            "false) return end(code, reason)",
        ),
        "it comes back from nothing of its own": (
            "(code < 4000 || code >= 4500)) return",
            "code !== 1006) return",
        ),
        "no jitter": ("Math.random() * most", "most"),
        "the delays do not grow": ("0.5 * 2 ** tries++", "0.5"),
        "the delays have no end": ("Math.min(30, 0.5 * 2 ** tries++)", "0.5 * 2 ** tries++"),
        "the delays are not bounded by the grace": ("most = Math.min(most, grace / 4)", "{}"),
        "the delays never shrink": ("if (now - openAt > 5000) tries = 0", ""),
        "each connection is a new beginning": ("if (now - openAt > 5000) tries = 0", "tries = 0"),
        "what is asked for at a close is not waited for": ("/retry=([\\d.]+)/", "/never=([\\d.]+)/"),
        "what is asked for before is not waited for": ("wait = message.reconnectIn", "wait = 0"),
        "it is waited for each time": ("    wait = 0\n    retry =", "    retry ="),
        "a refused token ends it": ("options.token?.call && (code === 4502 || code === 4503)", "false"),
        "a token that fails is an end": ("return mine === socket && lost(1013, 'no token')", "return"),
        "a late refusal of a token counts": (
            "return mine === socket && lost(1013, 'no token')",
            "return lost(1013, 'no token')",
        ),
        "two connections after online": ("if (mine !== socket) return\n", ""),
        "online is not heard": (
            "'online', () => self.state !== 'open' && dial()",
            "'offline', () => self.state !== 'open' && dial()",
        ),
        "online breaks what is open": ("self.state !== 'open' && dial()", "dial()"),
        "silence is borne": ("quiet++ < 2 ? ping()", "quiet++ < 9 ? ping()"),
        "nobody asks": ("quiet++ < 2 ? ping()", "quiet++ < 2 ? 0"),
        "no sign of life counts": ("    quiet = 0\n    if (seq", "    if (seq"),
        "any end is one of an older server": ("code === 1006 && !known", "!known"),
    },
    "matching": {
        "replaced ends the newest": ("if (reason === 'replaced') asked.pop()", ""),
        "what is on its way ends as well": (
            "seeker.asked && seeker.type.startsWith(type)",
            "seeker.type.startsWith(type)",
        ),
        "a room by code ends a match": ("waiting(code ? 'room-' : 'match')", "waiting('')"),
        "the match is lost with its session": (
            "error.code === 'lost' && type === 'matchmaking' ? asked()",
            "false ? asked()",
        ),
        "it is asked for again though it stands": ("(resumed || state.ticket || state.proposal)", "resumed"),
        "it is not asked for again": ("waiting('match').forEach(ask)", "{}"),
        "the room that was there is taken for the next": ("if (anew || told) answer(", "if (true) answer("),
        "who has left is still there": ("room.peers = without(room.peers)\n", ""),
        "who is back is still away": ("room.away = without(room.away)", ""),
        "who has come is not there": ("room.peers = [...without(room.peers), peer]", ""),
        "joining the own room never ends": ("bare(terms.code) === bare(self.room?.code)", "false"),
        "any room is the one to join": ("bare(terms.code) === bare(self.room?.code)", "self.room"),
        "a room is never left": ("      case 'room-closed':\n        leave()", "      case 'room-closed':"),
        "a lost room is not told": ("tell(self, 'room-closed', { roomId, reason: 'lost' })", "{}"),
    },
    "reload": {
        "nothing is kept": ("on(globalThis, 'pagehide', keep)\n  on(", "if (0) on("),
        "it is kept for good": ("(document.hidden ? keep() : forget())", "keep()"),
        "two pages take one session": ("restored = true\n    forget()", "restored = true"),
        "what comes while it is hidden is forgotten": ("if (globalThis.document?.hidden) keep()", ""),
        "all connections have one place": ("`focus-signal ${url} ${options.userId}`", "'focus-signal'"),
        "an end leaves its session": ("    drop()\n    forget()", "    drop()"),
    },
    "plain": {
        "it never tries without": ("plain = !plain // browsers", "plain = false // browsers"),
        "once is enough to believe it": ("let sure = false", "let sure = true"),
        "ids for the seed": ("plain ? { from: self.userId } : { id, seen }", "{ id, seen }"),
        "nobody offers": ("peers.slice(0, peers.indexOf(self.userId))", "[]"),
        "a match is forgotten": ("if (plain || !(resumed", "if (!(resumed"),
    },
    "calls": {
        "all are impolite": ("!offerTo.includes(peer) || seed.includes(peer)", "false"),
        "all are polite": ("!offerTo.includes(peer) || seed.includes(peer)", "true"),
        "impolite to the seed": ("!offerTo.includes(peer) || seed.includes(peer)", "!offerTo.includes(peer)"),
        "nobody waits": ("if (eager) offer()\n      else", "if (true) offer()\n      else"),
        "who waits offers all the same": (
            "() => eager || offer((eager = true))",
            "() => offer((eager = true))",
        ),
        "who waits waits for ever": ("() => eager || offer((eager = true))", "() => {}"),
        "candidates of what is ignored are faults": ("ignoring || fault(error)", "fault(error)"),
        "no candidate is a fault": ("ignoring || fault(error)", "{}"),
        "messages cross": (
            "chain = chain.then(() => handle(message)).catch(fault)",
            "handle(message).catch(fault)",
        ),
        "a fault stops all": (
            ".catch(fault)\n    },",
            ".catch((error) => Promise.reject(fault(error)))\n    },",
        ),
        "another page is taken for the same": ("if (anew) make()", ""),
        "every answer is taken": ("type === 'answer' ? outdated", "type === 'answer' ? false"),
        "answers to older offers are taken": (
            "|| (candidate && !pc.localDescription.sdp.includes(candidate))",
            "",
        ),
        "copies are answered": ("if (kin && line === last) return\n", ""),
        "what is ignored is not answered": (
            "return type === 'offer' && offered && !origin && send(",
            "return false && send(",
        ),
        "early offers are lost": ("early.get(peer)?.forEach(call.take)", ""),
        "offers of who has left are kept": (
            "    early.delete(peer)\n    calls.get(peer)?.close()",
            "    calls.get(peer)?.close()",
        ),
        "channels have no numbers": ("{ negotiated: true, id }", "{ negotiated: true }"),
        "the end of candidates is sent": (
            "candidate && send('ice-candidate', { candidate })",
            "send('ice-candidate', { candidate })",
        ),
    },
    "call_lives": {
        "both restart for who is back": ("if (!resumed && !polite)", "if (!resumed)"),
        "nobody restarts for who is back": ("if (!resumed && !polite)", "if (false)"),
        "a failed connection stays so": ("if (state === 'failed' && !(polite && kin)) pc.restartIce()", ""),
        "both restart what has failed": ("state === 'failed' && !(polite && kin)", "state === 'failed'"),
        "who has only answered never offers": (
            "if (state === 'connected' && polite && kin && !own) offer()",
            "",
        ),
        "strangers are offered to": ("polite && kin && !own", "polite && !own"),
        "calls outlive their peers": (
            "    early.delete(peer)\n    calls.get(peer)?.close()",
            "    early.delete(peer)",
        ),
        "a restored page waits": (
            "openCall(self, peer, terms, restored)",
            "openCall(self, peer, terms, false)",
        ),
    },
    "pairs": {
        "both give way": ("!polite && offered", "false"),
        "nobody gives way": ("!polite && offered", "offered"),
        "who offered to the page before waits for its answer": (
            "return type === 'offer' && offered && !origin && send(",
            "return false && send(",
        ),
    },
}
