"""Every error as a problem object (RFC 9457), in one place."""

import logging
import secrets

import msgspec
from quart import Quart, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from appliance.errors import (
    BadRequest,
    CarbonseedError,
    DatabaseUnavailable,
    NotFound,
    TooLarge,
    UnsupportedMedia,
)
from appliance.model.problem import Problem
from appliance.store.pool import UNREACHABLE

log = logging.getLogger(__name__)

_OURS = {kind.status: kind for kind in (BadRequest, NotFound, TooLarge, UnsupportedMedia)}
"""What the framework refuses in the same words as we do."""


def problem(error: CarbonseedError) -> Response:
    """The response that says what went wrong."""
    title = (type(error).__doc__ or error.code).splitlines()[0]
    return _response(Problem(error.status, title, error.code, str(error)), error)


def _response(told: Problem, error: CarbonseedError | None = None) -> Response:
    response = Response(
        msgspec.json.encode(told), told.status, content_type="application/problem+json"
    )
    if error is not None and error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def handle_errors(app: Quart) -> None:
    """Make the app answer every error as a problem object; nothing of the inside is told."""

    @app.errorhandler(CarbonseedError)
    async def known(error: CarbonseedError) -> Response:
        return problem(error)

    @app.errorhandler(HTTPException)
    async def http(error: HTTPException) -> Response:
        if error.code in _OURS:
            return problem(_OURS[error.code]())
        code = (error.name or "error").lower().replace(" ", "-")
        response = _response(
            Problem(error.code or 500, error.name, code, error.description or error.name)
        )
        if isinstance(error, MethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return response

    @app.errorhandler(Exception)
    async def unknown(error: Exception) -> Response:
        if isinstance(error, UNREACHABLE):
            log.warning("The database does not answer: %s", error)
            return problem(DatabaseUnavailable(retry_after_seconds=2))
        instance = secrets.token_hex(4)
        log.error("Unexpected error %s", instance, exc_info=error)
        return _response(
            Problem(
                500,
                "Something went wrong inside the appliance.",
                "internal",
                f"Quote {instance} to whoever keeps the appliance; its log has the rest.",
                instance,
            )
        )
