"""What can go wrong between a technician, a board and the appliance.

CarbonseedError
├── BoardError            the board, or what is to be written onto it, does not do
│   ├── WrongBoard        another board than the one this is made for
│   ├── FlashTooSmall     its flash has no room for MicroPython and the node's files
│   └── LineLost          the line to it broke while it was written or read
├── VerificationFailed    what is there is not what should be there: hash, checksum, flash
├── NotFound
│   └── NoPort            nothing is plugged in under that name
├── NotAllowed
│   ├── PortForbidden     this user may not open the port
│   └── KeyRevoked        somebody revoked the board's key while it was being made
├── Conflict
│   └── PortBusy          another program holds the port
└── Unavailable
    └── NoAnswer          the board, or the appliance, does not answer
"""

from appliance.errors import CarbonseedError, Conflict, NotAllowed, NotFound, Unavailable


class BoardError(CarbonseedError):
    """The board cannot be written."""

    code = "board"


class WrongBoard(BoardError):
    """This is another board than the one the parts are made for."""

    code = "wrong-board"


class FlashTooSmall(BoardError):
    """The board's flash is too small."""

    code = "flash-too-small"


class LineLost(BoardError):
    """The line to the board broke."""

    code = "line-lost"


class VerificationFailed(CarbonseedError):
    """What is there is not what should be there."""

    code = "verification-failed"


class NoPort(NotFound):
    """There is no such port."""

    code = "no-port"


class PortForbidden(NotAllowed):
    """This user may not open the port."""

    code = "port-forbidden"


class KeyRevoked(NotAllowed):
    """The board's key was revoked meanwhile."""

    code = "key-revoked"


class PortBusy(Conflict):
    """Another program holds the port."""

    code = "port-busy"


class NoAnswer(Unavailable):
    """Nothing answers."""

    code = "no-answer"
