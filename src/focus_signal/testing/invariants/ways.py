"""What was sent is decided, and what was delivered is got: each once, in its order, and nothing else."""

from focus_signal.core.commands import Command, Invalid, Relay, RequestMatch
from focus_signal.core.effects import Refused, Relayed, SeedMessage
from focus_signal.testing.history import mark_of
from focus_signal.testing.invariants.names import Findings
from focus_signal.testing.invariants.world import Line, World, expected_text
from focus_signal.testing.plan import LONGEST_PAUSE, Join, Signal

# What a text weighs beyond its payload, with whatever a handshake adds.
_A_TEXT = 600
_A_PING = 140


def decided(world: World, findings: Findings, t: float, line: Line, command: Command) -> int:
    """Find out which operation a command came from.

    Returns:
      the operation's id; -1 if there is none.
    """
    if line.stranger:
        return -1
    index = line.heard
    if index < len(line.sent):
        op = line.sent[index].op
        if _fits(world, op, command):
            line.heard = index + 1
            return op
    return _out_of_turn(world, findings, t, line, command)


def got(world: World, findings: Findings, t: float, conn: int, message: SeedMessage) -> None:
    """Look at a message that a client has got: it must be the next that was delivered to it."""
    line = world.lines[conn]
    delivered, index = line.delivered, line.got
    if index < len(delivered):
        due = delivered[index][0]
        if due is message or _same(due, message):
            line.got = index + 1
            _look_at_payload(world, findings, t, due, message)
            return
    ops = (_mark(message), line.opened_by)
    what = f"c{conn} of {line.user} got {_shown(message)}"
    for ahead in range(index + 1, len(delivered)):
        if _same(delivered[ahead][0], message):
            line.missed += tuple(missed for missed, _ in delivered[index:ahead])
            line.got = ahead + 1
            return
    for place, missed in enumerate(line.missed):
        if _same(missed, message):
            line.missed = line.missed[:place] + line.missed[place + 1 :]
            findings.report("pair-order", t, f"{what} behind what was delivered after it", ops)
            return
    if any(_same(before, message) for before, _ in delivered[:index]):
        findings.report("duplicate", t, f"{what} twice", ops)
    else:
        findings.report("outsider", t, f"{what}, which was not delivered to it", ops)


def ended(findings: Findings, t: float, line: Line) -> None:
    """Look at what a client missed whose connection the owner had closed behind everything else."""
    for message, _ in line.delivered[line.got :]:
        text = f"c{line.conn} of {line.user} was closed ahead of {_shown(message)}"
        findings.report("silent-loss", t, text, (_mark(message), line.opened_by))
    line.got = len(line.delivered)


def settled(world: World, findings: Findings, t: float) -> None:
    """Look at the connections that are still there: nothing of theirs may be under way any more."""
    for line in world.lines.values():
        if not line.stays:
            continue
        until = latest_sent(world, line, t)
        for sent in line.sent[line.heard :]:
            if sent.t <= until:
                text = f"what c{line.conn} of {line.user} sent (#{sent.op}) was never decided"
                findings.report("silent-loss", sent.t, text, (sent.op,))
        for message, at in line.delivered[line.got :]:
            if at <= until:
                text = f"c{line.conn} of {line.user} never got {_shown(message)}, and is still there"
                findings.report("silent-loss", at, text, (_mark(message),))


def latest_sent(world: World, line: Line, t: float) -> float:
    """Tell up to when what was sent on a connection must have arrived by now."""
    faulted = world.faulted.get(line.conn, 0.0)
    if world.longest_way is None:
        world.longest_way = _longest_way(world)
    return t - world.longest_way - 4 * faulted


def over(world: World, findings: Findings, t: float) -> None:
    """Look at what was passed over: what came later has arrived, so it is lost."""
    for line in world.lines.values():
        for op in line.passed_over:
            text = f"what c{line.conn} of {line.user} sent (#{op}) was never decided, what it sent later was"
            findings.report("silent-loss", t, text, (op,))
        for message in line.missed:
            text = f"c{line.conn} of {line.user} never got {_shown(message)}, but what came after it"
            findings.report("silent-loss", t, text, (_mark(message),))


def _fits(world: World, op: int, command: Command) -> bool:
    """Tell whether a command may have come of an operation."""
    operation = world.ops.get(op)
    if type(operation) is Signal:
        if isinstance(command, Relay):
            # One without any mark is this one, damaged; another's mark is another's.
            return b'"m%d ' % op in command.payload or mark_of(command.payload) is None
        return isinstance(command, Invalid)
    if type(operation) is Join:
        if isinstance(command, RequestMatch):
            return command.size == operation.size
        return isinstance(command, Invalid)
    return True


def _out_of_turn(world: World, findings: Findings, t: float, line: Line, command: Command) -> int:
    what = f"a {type(command).__name__} of c{line.conn} of {line.user}"
    sent = line.sent
    if not isinstance(command, Invalid):
        for ahead in range(line.heard + 1, len(sent)):
            if _fits(world, sent[ahead].op, command):
                line.passed_over += tuple(passed.op for passed in sent[line.heard : ahead])
                line.heard = ahead + 1
                return sent[ahead].op
    for op in line.passed_over:
        if _fits(world, op, command):
            line.passed_over = tuple(other for other in line.passed_over if other != op)
            findings.report("pair-order", t, f"{what} was decided behind what it sent later", (op,))
            return op
    mark = mark_of(command.payload) if isinstance(command, Relay) else None
    op = -1 if mark is None else mark
    findings.report("duplicate", t, f"{what} was decided once more than it was sent", (op, line.opened_by))
    return op


def _same(message: SeedMessage, other: SeedMessage) -> bool:
    if type(message) is Relayed and type(other) is Relayed:
        if (message.sender, message.kind) != (other.sender, other.kind):
            return False
        return message.payload == other.payload or (
            mark_of(message.payload) is not None and mark_of(message.payload) == mark_of(other.payload)
        )
    return message == other


def _look_at_payload(
    world: World, findings: Findings, t: float, due: SeedMessage, message: SeedMessage
) -> None:
    """See whether a payload that was the same, by its mark, is the same all through."""
    if due is message or type(due) is not Relayed or type(message) is not Relayed:
        return
    if due.payload == message.payload:
        return
    mark = _mark(message)
    signal = world.ops.get(mark)
    if isinstance(signal, Signal) and expected_text(signal) not in message.payload:
        text = f"the {message.kind} from {message.sender} (#{mark}) is not got as it was sent"
        findings.report("altered", t, text, (mark,))


def _longest_way(world: World) -> float:
    """Reckon how long anything can be under way once every fault is healed, with much to spare."""
    config = world.plan.config
    latency = config.latency[1]
    paddings = (operation.padding for operation in world.ops.values() if type(operation) is Signal)
    weight = sum(paddings) + _A_TEXT * len(world.ops)
    if config.client_pings:
        # A ping may be ahead of each, and its pong.
        weight += _A_PING * (len(world.ops) + int(config.seconds / config.client_pings))
    # A pause inside the server may have begun just before everything was healed.
    seconds = LONGEST_PAUSE + 4 * latency + 2 * config.fin_delay + 1.0
    if config.bandwidth:
        seconds += weight / config.bandwidth
    # A window is filled and emptied once in a round trip.
    return seconds + 2 * latency * weight / config.window


def _mark(message: SeedMessage) -> int:
    mark = mark_of(message.payload) if type(message) is Relayed else None
    return -1 if mark is None else mark


def _shown(message: SeedMessage) -> str:
    if type(message) is Relayed:
        return f"the {message.kind} from {message.sender} (#{_mark(message)})"
    if type(message) is Refused:
        return f"the error {message.code}"
    return f"the room {getattr(message, 'peers', ())}"
