"""Every mistake that is planted in the workload `v1`, and the invariant that has to find it."""

from focus_signal.testing.v1.mutants_matching import MATCHING_MUTANTS
from focus_signal.testing.v1.mutants_resume import RESUME_MUTANTS
from focus_signal.testing.v1.mutants_rooms import ROOM_MUTANTS
from focus_signal.testing.v1.subject import V1Subject

V1_MUTANTS: tuple[V1Subject, ...] = (*RESUME_MUTANTS, *MATCHING_MUTANTS, *ROOM_MUTANTS)
