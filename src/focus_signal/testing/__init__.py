"""Deterministic simulation of the real server: the same seed gives the same bytes.

What authors of tests import is here; nothing is loaded before it is asked for. Where it comes from:

    simulated, simulation, client  a test with clients, and the network between them
    run, campaign, plan, workload  runs that a seed makes up, many of them, at three levels
    invariants, subjects           what must hold, and those for which it does not
    shrink, failure, diagram       what is shown of a run that failed
    net                            the simulated network
    shell, core_level              how a plan runs above the core, and on it
    determinism                    what makes Trio deterministic
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from focus_signal.observe.buggify import buggify as buggify
    from focus_signal.testing.client import Client as Client
    from focus_signal.testing.determinism.exploration import Exploration as Exploration
    from focus_signal.testing.determinism.exploration import exhaustive as exhaustive
    from focus_signal.testing.determinism.exploration import pct as pct
    from focus_signal.testing.determinism.exploration import sampled as sampled
    from focus_signal.testing.determinism.runtime import reproducible as reproducible
    from focus_signal.testing.determinism.runtime import run_deterministically as run_deterministically
    from focus_signal.testing.explored import explore as explore
    from focus_signal.testing.invariants.names import INVARIANTS as INVARIANTS
    from focus_signal.testing.net.dialing import dialing as dialing
    from focus_signal.testing.net.dialing import dialing_as as dialing_as
    from focus_signal.testing.net.network import Network as Network
    from focus_signal.testing.net.options import LinkOptions as LinkOptions
    from focus_signal.testing.noticed import sometimes as sometimes
    from focus_signal.testing.plan import Plan as Plan
    from focus_signal.testing.plan import RunConfig as RunConfig
    from focus_signal.testing.plan import load_plan as load_plan
    from focus_signal.testing.plan import read_plan as read_plan
    from focus_signal.testing.run import Run as Run
    from focus_signal.testing.run import run_plan as run_plan
    from focus_signal.testing.run import run_simulation as run_simulation
    from focus_signal.testing.simulated import simulate as simulate
    from focus_signal.testing.simulation import Simulation as Simulation
    from focus_signal.testing.subject import Subject as Subject
    from focus_signal.testing.subjects.registry import SUBJECTS as SUBJECTS
    from focus_signal.testing.violation import Violation as Violation
    from focus_signal.testing.workload.swarm import Workload as Workload
    from focus_signal.testing.workload.swarm import siege as siege
    from focus_signal.testing.workload.swarm import swarm as swarm

_HOME = {
    "Client": "testing.client",
    "Exploration": "testing.determinism.exploration",
    "INVARIANTS": "testing.invariants.names",
    "LinkOptions": "testing.net.options",
    "Network": "testing.net.network",
    "Plan": "testing.plan",
    "Run": "testing.run",
    "RunConfig": "testing.plan",
    "SUBJECTS": "testing.subjects.registry",
    "Simulation": "testing.simulation",
    "Subject": "testing.subject",
    "Violation": "testing.violation",
    "Workload": "testing.workload.swarm",
    "buggify": "observe.buggify",
    "dialing": "testing.net.dialing",
    "dialing_as": "testing.net.dialing",
    "exhaustive": "testing.determinism.exploration",
    "explore": "testing.explored",
    "load_plan": "testing.plan",
    "pct": "testing.determinism.exploration",
    "read_plan": "testing.plan",
    "reproducible": "testing.determinism.runtime",
    "run_deterministically": "testing.determinism.runtime",
    "run_plan": "testing.run",
    "run_simulation": "testing.run",
    "sampled": "testing.determinism.exploration",
    "siege": "testing.workload.swarm",
    "simulate": "testing.simulated",
    "sometimes": "testing.noticed",
    "swarm": "testing.workload.swarm",
}

__all__ = (
    "INVARIANTS",
    "SUBJECTS",
    "Client",
    "Exploration",
    "LinkOptions",
    "Network",
    "Plan",
    "Run",
    "RunConfig",
    "Simulation",
    "Subject",
    "Violation",
    "Workload",
    "buggify",
    "dialing",
    "dialing_as",
    "exhaustive",
    "explore",
    "load_plan",
    "pct",
    "read_plan",
    "reproducible",
    "run_deterministically",
    "run_plan",
    "run_simulation",
    "sampled",
    "siege",
    "simulate",
    "sometimes",
    "swarm",
)


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"focus_signal.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
