"""What can go wrong in words a person can act on.

CarbonseedError
├── BadRequest           400  the request cannot be read; names the place
├── NotSignedIn          401  no valid token or key
├── NotAllowed           403  the role or the origin does not allow it
├── NotFound             404  not there, or not in the caller's factories
├── Conflict             409  something else is already so
│   └── AlreadyRunning
├── TooLarge             413  the body is over the limit
├── UnsupportedMedia     415  not a content type this path reads
├── Unprocessable        422  read, but it makes no sense here
├── TooMany              429  slow down; carries seconds to wait
└── Unavailable          503  the appliance cannot do it now; carries seconds to wait
    └── DatabaseUnavailable
"""


class CarbonseedError(Exception):
    """Something went wrong that the caller can act on. The docstring is the default message."""

    status = 500
    code = "error"

    def __init__(
        self, message: str | None = None, *, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(message or self.__doc__ or self.code)
        self.retry_after_seconds = retry_after_seconds


class BadRequest(CarbonseedError):
    """The request cannot be read."""

    status = 400
    code = "bad-request"


class NotSignedIn(CarbonseedError):
    """Sign in first."""

    status = 401
    code = "not-signed-in"


class NotAllowed(CarbonseedError):
    """Your role does not allow this."""

    status = 403
    code = "not-allowed"


class NotFound(CarbonseedError):
    """There is no such thing here."""

    status = 404
    code = "not-found"


class Conflict(CarbonseedError):
    """Something else is already so."""

    status = 409
    code = "conflict"


class AlreadyRunning(Conflict):
    """Another appliance runs on this data."""

    code = "already-running"


class TooLarge(CarbonseedError):
    """The body is larger than this path takes."""

    status = 413
    code = "too-large"


class UnsupportedMedia(CarbonseedError):
    """This path does not read that content type."""

    status = 415
    code = "unsupported-media"


class Unprocessable(CarbonseedError):
    """The request can be read, but it makes no sense here."""

    status = 422
    code = "unprocessable"


class TooMany(CarbonseedError):
    """Too many requests; wait a little."""

    status = 429
    code = "too-many"


class Unavailable(CarbonseedError):
    """The appliance cannot do this now; try again soon."""

    status = 503
    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The database does not answer; try again soon."""

    code = "database-unavailable"
