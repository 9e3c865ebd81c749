"""What this package raises.

    FocusSignalError
    ├── ConfigError (also a ValueError)     a value that `Config` does not allow
    ├── NotListening (also a RuntimeError)  the address of a server that listens nowhere was asked for
    ├── ServerFailed                        the state cannot be trusted any more: the server has ended
    ├── TransportClosed                     a connection has ended; nothing more comes from it
    ├── HttpRefused                         a request head that gets an HTTP error for an answer
    ├── PlanError (also a ValueError)       a plan, a schedule or a failure file that says what it may not
    ├── SimulationFailed (also an AssertionError)  a simulated run in which an invariant did not hold
    ├── testing.campaign.CampaignFailed     a campaign that ended early, by a fault of the kit's own
    ├── testing.shell.wires.NotAdmitted     a simulated client that was not let in
    ├── UnsupportedTrio                     this Trio cannot be made deterministic
    ├── NondeterminismError                 something in a simulation that no seed decides
    ├── load.faults.WrongResult             a server under load did what it may not, or is not there
    │   ├── load.faults.BadFrame            it sent what is no frame that may come
    │   ├── load.faults.WrongMessage        it relayed something wrong
    │   ├── load.faults.Unreachable         it cannot be connected to, or refuses
    │   └── load.meter.NoSuchProcess        its process is not there
    ├── client.faults.ClientFault            what a client raises
    │   ├── client.faults.RequestRefused     the server has not done what was asked of it
    │   ├── client.faults.RequestLost        nobody knows whether it has
    │   ├── client.faults.RequestsFull       too much is unanswered for one more
    │   ├── client.faults.RequestTooBig      no server would take it
    │   └── client.faults.ClientEnded        the client cannot go on
    │       ├── client.faults.ClientClosed   who has opened it has closed it
    │       ├── client.faults.NotConnected   its first connection did not come about
    │       ├── client.faults.EventsUnread   nobody reads what comes
    │       └── client.faults.ProtocolBroken the server broke a rule
    ├── client.link.LinkEnded                a client's connection has ended
    └── server.transport.ProtocolViolation  a peer sent what ends its connection, and with which close frame

TransportClosed, HttpRefused and ProtocolViolation never leave the server, and LinkEnded never leaves the
client: they are how layers speak to each other. A frame that is refused while it is decoded has an exception
of its own, private to the dialect.
"""


class FocusSignalError(Exception):
    """Be the root of every exception that this package raises on purpose."""


class ConfigError(FocusSignalError, ValueError):
    """Say which setting is wrong, what came, and what is allowed."""


class NotListening(FocusSignalError, RuntimeError):
    """Say that a server without listeners has no address."""


class ServerFailed(FocusSignalError):
    """Say that the server ended itself since its own state was suspect."""


class TransportClosed(FocusSignalError):
    """Say that a connection's transport gives and takes nothing any more."""


class HttpRefused(FocusSignalError):
    """Carry the HTTP error that answers a request head.

    Args:
      status: the HTTP status code.
      text: the one line that says what was wrong.
      headers: further header fields of the answer.
    """

    def __init__(self, status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text
        self.headers = headers


class PlanError(FocusSignalError, ValueError):
    """Say which field of a plan, a schedule or a failure file is wrong, what came, and what is allowed."""


class SimulationFailed(FocusSignalError, AssertionError):
    """Say which invariants did not hold in a simulated run, and how to see it again."""


class UnsupportedTrio(FocusSignalError):
    """Say that this version of Trio cannot be made deterministic, and which it can be."""


class NondeterminismError(FocusSignalError):
    """Name a call, made within a simulation, whose result no seed decides."""
