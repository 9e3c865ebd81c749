"""The comparer: what this server must have answered, and where it did not.

What is expected is the seed's recording with the declared differences put in. A declared difference must be
one: where the seed answers just what is declared as ours, the declaration is wrong.
"""

from __future__ import annotations

from tests.seed.model import Conversation, Difference, Lines
from tests.seed.transcript import Record, Transcript, shortened


def compare(conversation: Conversation, recorded: Transcript, played: Transcript) -> list[str]:
    """Return what is wrong with how this server played a conversation; nothing, if all is well."""
    return unfounded(conversation, recorded) or deviations(expected(conversation, recorded), played)


def expected(conversation: Conversation, recorded: Transcript) -> Transcript:
    """Return the recording with the declared differences put in."""
    return tuple(
        record if step.difference is None else Record.of(step, {**record.got, **step.difference.lines})
        for step, record in zip(conversation.steps, recorded, strict=True)
    )


def deviations(wanted: Transcript, played: Transcript) -> list[str]:
    """Return where what was played is not what was wanted, client by client and step by step."""
    problems: list[str] = []
    for number, (should, did) in enumerate(zip(wanted, played, strict=True), 1):
        for who in dict.fromkeys([*should.got, *did.got]):
            lines, came = should.got.get(who, ()), did.got.get(who, ())
            if not matches(lines, came):
                problems.append(
                    f"step {number} ({should.step}): {who} got {_shown(came)}, not {_shown(lines)}"
                )
    return problems


def unfounded(conversation: Conversation, recorded: Transcript) -> list[str]:
    """Return what is wrong with the recording and the declarations, whatever this server answers."""
    if [shortened(str(step)) for step in conversation.steps] != [record.step for record in recorded]:
        return ["the recording is of another conversation: record it anew"]
    names = {"http", *(step.client for step in conversation.steps)}
    problems: list[str] = []
    for step, record in zip(conversation.steps, recorded, strict=True):
        if step.difference is not None:
            problems += [f"({record.step}): {problem}" for problem in _undue(step.difference, record, names)]
    return problems


def matches(wanted: Lines, came: Lines) -> bool:
    """Tell whether the lines are the wanted ones; a star at the end of a wanted one stands for any rest."""
    return len(wanted) == len(came) and all(map(_line_matches, wanted, came))


def _line_matches(wanted: str, came: str) -> bool:
    if wanted.startswith(("close ", "http ")) and wanted.endswith(" *"):
        # The star is not for nothing: there must be a rest.
        return came.startswith(wanted[:-1]) and len(came) >= len(wanted)
    return wanted == came


def _undue(difference: Difference, record: Record, names: set[str]) -> list[str]:
    problems = [f"{who} is not in this conversation" for who in difference.lines if who not in names]
    for who, lines in difference.lines.items():
        if matches(lines, record.got.get(who, ())):
            problems.append(f"the seed, too, gives {who} {_shown(lines)}, so there is no difference")
    return problems


def _shown(lines: Lines) -> str:
    return " | ".join(lines) or "nothing"
