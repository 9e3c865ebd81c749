"""Every mutant: the real server with one planted bug each, and the invariant that has to find it.

A checker that no mutant has set off may be one that cannot be set off; so each invariant has at least one.
"""

from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.mutants_bounds import BOUND_MUTANTS
from focus_signal.testing.subjects.mutants_frames import FRAME_MUTANTS
from focus_signal.testing.subjects.mutants_guards import GUARD_MUTANTS
from focus_signal.testing.subjects.mutants_queues import QUEUE_MUTANTS
from focus_signal.testing.subjects.mutants_rooms import ROOM_MUTANTS
from focus_signal.testing.subjects.mutants_sessions import SESSION_MUTANTS
from focus_signal.testing.subjects.mutants_shell import SHELL_MUTANTS

MUTANTS: tuple[Subject, ...] = (
    *QUEUE_MUTANTS,
    *ROOM_MUTANTS,
    *SESSION_MUTANTS,
    *SHELL_MUTANTS,
    *FRAME_MUTANTS,
    *BOUND_MUTANTS,
    *GUARD_MUTANTS,
)
