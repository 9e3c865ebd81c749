"""Every subject by its name."""

from difflib import get_close_matches

from focus_signal.errors import PlanError
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.subjects.mutants import MUTANTS
from focus_signal.testing.subjects.seed import SEED

SUBJECTS: dict[str, Subject] = {subject.name: subject for subject in (SERVER, SEED, *MUTANTS)}


def subject_named(name: str) -> Subject:
    """Find a subject.

    Raises:
      PlanError: there is none of this name; the message names those that come near, or says how to see all.
    """
    subject = SUBJECTS.get(name)
    if subject is None:
        near = get_close_matches(name, SUBJECTS, n=3)
        shown = f"{', '.join(near)} or another" if near else ", ".join(SUBJECTS)
        all_of_them = "`focus-signal sim subjects` lists all"
        raise PlanError(f"subject must be one of {shown}, not {name!r}; {all_of_them}")
    return subject
