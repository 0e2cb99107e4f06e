"""The exit codes of the `carbonseed` command; docs/operations.md lists them for scripts."""

from appliance.backup import BackupDamaged
from appliance.errors import Conflict, NotAllowed, NotFound, NotSignedIn, Unavailable
from appliance.reports import NotProved
from flasher.errors import VerificationFailed

FAILURE = 1
CHECK_FAILED = 3
NOT_FOUND = 4
NO_PERMISSION = 5
CONFLICT = 6
UNREACHABLE = 7
VERIFICATION_FAILED = 8
PARTIAL = 9
INTERRUPTED = 130

_OF_ERRORS: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, NOT_FOUND),
    (NotAllowed, NO_PERMISSION),
    (NotSignedIn, NO_PERMISSION),
    (PermissionError, NO_PERMISSION),
    (Conflict, CONFLICT),
    (Unavailable, UNREACHABLE),
    (VerificationFailed, VERIFICATION_FAILED),
    (BackupDamaged, VERIFICATION_FAILED),
    (NotProved, VERIFICATION_FAILED),
)


def of(error: Exception) -> int:
    """The code a script sees for this error."""
    return next((code for kind, code in _OF_ERRORS if isinstance(error, kind)), FAILURE)
