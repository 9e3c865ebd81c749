"""The judge: what is wrong with what happened in a scenario; nothing, if all is well.

What holds for every scenario stands here; what one of them is about is said by its test.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

# What a video's compression and its conversion of colours may change in the plain corner of a picture.
NEAR = 14.0
# The browser says this itself when a server does not know the subprotocol; no page can keep it from that.
NO_SUBPROTOCOL = "Sent non-empty 'Sec-WebSocket-Protocol' header but no response was received"


def judge(report: dict[str, Any], *, may_say: tuple[str, ...] = (), alike: bool = False) -> list[str]:
    """Return the problems of a report.

    Args:
        report: what the program printed.
        may_say: what the console of each page may say once or twice, and must; by a part of it.
        alike: whether all have the same picture, as Chromium's made-up cameras have.
    """
    problems: list[str] = []
    if report["interfaces"] != ["lo"]:
        problems.append(f"it was not alone: {report['interfaces']}")
    if report["failed"] is not None:
        problems.append(report["failed"])
    problems += [
        f"the server: {end}" for end in report["servers"] if end["traceback"] or end["status"] not in {0, -9}
    ]
    for name, page in report["pages"].items():
        errors = list(page["errors"])
        for expected in may_say:
            found = [error for error in errors if expected in error]
            if not 1 <= len(found) <= 2:
                problems.append(f"{name}'s console said {len(found)} times: {expected}")
            errors = [error for error in errors if error not in found]
        problems += [f"{name}'s console: {error}" for error in errors]
    return problems if alike else problems + _pictures(report["pages"])


def faults_of_axe(findings: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return what axe found that is serious or critical."""
    return [
        f"{view}: {finding['id']} ({finding['impact']}) at {finding['nodes'][0]}"
        for view, found in findings.items()
        for finding in found
        if finding["impact"] in {"serious", "critical"}
    ]


def distance(one: list[float], other: list[float]) -> float:
    """Return how far two colours are from each other, in the part that differs most."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _pictures(pages: dict[str, Any]) -> list[str]:
    """Return whose picture is not the one that they see of themselves, or is anybody else's."""
    own = {name: page["people"][""]["colour"] for name, page in pages.items() if "" in page.get("people", {})}
    problems = [
        f"{one} and {other} look alike: {own[one]} and {own[other]}"
        for one, other in combinations(own, 2)
        if distance(own[one], own[other]) < 2 * NEAR
    ]
    for name, page in pages.items():
        for other, seen in page.get("people", {}).items():
            if other in own and distance(seen["colour"], own[other]) > NEAR:
                problems.append(f"{name} sees {seen['colour']} for {other}, who is {own[other]}")
    return problems


def met(report: dict[str, Any], *names: str) -> list[str]:
    """Return what is missing so that these are the pages, in one room, each with all others in view."""
    pages = report["pages"]
    problems = [] if list(pages) == list(names) else [f"the pages are {list(pages)}"]
    rooms = sorted({str(page["room"]) for page in pages.values()})
    if len(rooms) != 1 or not rooms[0]:
        problems.append(f"the rooms are {rooms}")
    for name, page in pages.items():
        others = [other for other in names if other != name]
        if sorted(page["tiles"]) != sorted(others):
            problems.append(f"{name} has tiles of {page['tiles']}")
        if sorted(page["people"]) != sorted(["", *others]):
            problems.append(f"{name} was shown {sorted(page['people'])}")
    return problems


def chat_of(report: dict[str, Any], name: str) -> list[str]:
    """Return what stands in the chat of a page."""
    return [text for _, text in report["pages"][name]["chat"]]
