"""What a conversation may be written like, and what the page has of them."""

from __future__ import annotations

import pytest

from tests.schema.conversations import (
    PAGE,
    Closed,
    Connects,
    Ends,
    Gets,
    Passes,
    Resumes,
    Sends,
    StartsAnew,
    conversations,
)

ALL = """\
Before.

```conversation
ana connects
another ana connects
cho connects as a client of the seed
ana > {"type":"cancel",
       "id":1}
ana < {"type":"ack","id":1}
ana < {"type":"welcome","userId":"ana",…}
ana is cut
ana is cut, with messages on their way
ana leaves with 1000
ana resumes, seen 3
ana is closed: 4501 replaced
the server is started anew
5 s pass
```
"""


def test_every_kind_of_line() -> None:
    [lines] = conversations(ALL)
    assert lines == [
        Connects(4, "ana", seed=False),
        Connects(5, "another ana", seed=False),
        Connects(6, "cho", seed=True),
        Sends(7, "ana", '{"type":"cancel", "id":1}'),
        Gets(9, "ana", {"type": "ack", "id": 1}, more=False),
        Gets(10, "ana", {"type": "welcome", "userId": "ana"}, more=True),
        Ends(11, "ana"),
        Ends(12, "ana", loses=True),
        Ends(13, "ana", finished=True),
        Resumes(14, "ana", 3),
        Closed(15, "ana", 4501, "replaced"),
        StartsAnew(16),
        Passes(17, 5.0),
    ]


@pytest.mark.parametrize(
    "line", ["ana sings", "ana <", 'ana < {"type"', "ana connects again", "", "soon", "ana resumes"]
)
def test_any_other_line_is_a_mistake(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        conversations(f"```conversation\n{line}\n```\n")


def test_the_page_has_conversations_of_everything() -> None:
    read = conversations(PAGE.read_text())
    assert len(read) >= 15
    kinds = {type(line) for lines in read for line in lines}
    assert kinds == {Sends, Gets, Connects, Resumes, Ends, Closed, StartsAnew, Passes}
