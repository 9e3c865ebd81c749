"""A WebRTC signaling and matchmaking server on Trio.

What users import is here; nothing is loaded before it is asked for, so that `import focus_signal` costs
nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from focus_signal.errors import ConfigError as ConfigError
    from focus_signal.errors import FocusSignalError as FocusSignalError
    from focus_signal.errors import NotListening as NotListening
    from focus_signal.errors import ServerFailed as ServerFailed
    from focus_signal.server.config import Config as Config
    from focus_signal.server.guard import guarded as guarded
    from focus_signal.server.serve import open_server as open_server
    from focus_signal.server.serve import serve as serve
    from focus_signal.server.server import Server as Server
    from focus_signal.server.statistics import Statistics as Statistics

_HOME = {
    "Config": "server.config",
    "ConfigError": "errors",
    "FocusSignalError": "errors",
    "NotListening": "errors",
    "Server": "server.server",
    "ServerFailed": "errors",
    "Statistics": "server.statistics",
    "guarded": "server.guard",
    "open_server": "server.serve",
    "serve": "server.serve",
}

__all__ = (
    "Config",
    "ConfigError",
    "FocusSignalError",
    "NotListening",
    "Server",
    "ServerFailed",
    "Statistics",
    "guarded",
    "open_server",
    "serve",
)


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
