"""Which format a post is of: by its path, or by its content type where batches are posted."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from appliance.api.ingest.answers import Tongue
from appliance.api.ingest.line_protocol import read_lines
from appliance.api.ingest.points import Catalogue, Point
from appliance.api.ingest.senml import read_senml
from appliance.api.ingest.thingsboard import read_telemetry
from appliance.errors import NotFound, NotSignedIn, UnsupportedMedia

PATH = "/ingest"
GZIP = b"gzip"

_KEY_IN_PATH = re.compile(r"/api/v1/[^/]+/telemetry")


class Post(NamedTuple):
    """What reading a body may need to know of its post."""

    catalogue: Catalogue
    received_ms: int
    query: bytes


class Format(NamedTuple):
    """A format other than the native batch; `read` gives the points in a body."""

    tongue: Tongue
    read: Callable[[bytes, Post], list[Point]]


def _lines(body: bytes, post: Post) -> list[Point]:
    precision = parse_qs(post.query.decode("latin-1")).get("precision", [""])[-1]
    return read_lines(body, post.catalogue, precision)


def _senml(body: bytes, post: Post) -> list[Point]:
    return read_senml(body, post.received_ms)


def _telemetry(body: bytes, _: Post) -> list[Point]:
    return read_telemetry(body)


TELEMETRY = Format(Tongue.OWN, _telemetry)
BY_PATH = {
    "/api/v1/telemetry": TELEMETRY,
    "/api/v2/write": Format(Tongue.INFLUX_2, _lines),
    "/write": Format(Tongue.INFLUX_1, _lines),
}
BY_MEDIA = {
    b"application/json": None,
    b"application/vnd.carbonseed.batch+json": None,
    b"application/senml+json": Format(Tongue.OWN, _senml),
    b"text/plain": Format(Tongue.OWN, _lines),
}
"""What is posted to PATH; None: the native batch."""


def tongue_of(path: str) -> Tongue:
    """How whoever posts to a path expects to be answered."""
    return BY_PATH[path].tongue if path in BY_PATH else Tongue.OWN


def check_path(path: str) -> None:
    """NotFound unless readings are posted to this path."""
    if path == PATH or path in BY_PATH:
        return
    if _KEY_IN_PATH.fullmatch(path):
        raise NotSignedIn(
            "A key does not belong in an address, where logs keep it: post to /api/v1/telemetry "
            "with the header Authorization: Bearer csk_…, and revoke the key that was sent so."
        )
    raise NotFound(f"Readings are posted to {PATH}; there is nothing else here.")


def format_of(path: str, headers: Mapping[bytes, bytes]) -> Format | None:
    """The format of a post, None for the native batch; UnsupportedMedia says what is read."""
    media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if path not in BY_PATH and media not in BY_MEDIA:
        raise UnsupportedMedia(
            f"Readings are sent as {', '.join(kind.decode() for kind in BY_MEDIA)}; this is "
            f"{media.decode('latin-1')[:60] or 'of no type'}."
        )
    form = BY_PATH[path] if path in BY_PATH else BY_MEDIA[media]
    encoding = headers.get(b"content-encoding", b"identity")
    if encoding != b"identity" and (form is None or encoding != GZIP):
        raise UnsupportedMedia("A batch of JSON is sent as it is; all else as it is, or as gzip.")
    return form
