"""Dumps a database and loads a dump, by PostgreSQL's own programs; bytes pass, no file is made."""

import os
import subprocess
import tempfile
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import IO
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from appliance.errors import CarbonseedError
from appliance.store.postgres.binaries import Binaries

CHUNK_BYTES = 1 << 20
SET_ASIDE = "before_restore_"
"""Schemas that a restore has set aside begin so; no dump holds them."""


class DumpError(CarbonseedError):
    """PostgreSQL's programs could not dump or load."""

    code = "dump"


def dump(tools: Binaries, url: str, snapshot: str) -> Generator[bytes, None, None]:
    """The whole database as it stands in an exported snapshot, in pg_dump's custom format.

    Close it if it is not read to its end.
    """
    options = [
        *("--format=custom", "--compress=1", "--no-owner", "--no-privileges"),
        *(f"--snapshot={snapshot}", f"--exclude-schema={SET_ASIDE}*"),
    ]
    address, environment = _address(url)
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [tools.program("pg_dump"), *options, f"--dbname={address}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
        )
        assert process.stdout  # noqa: S101  it was asked for
        try:
            with process.stdout as out:
                while chunk := out.read(CHUNK_BYTES):
                    yield chunk
            if process.wait() != 0:
                raise DumpError(f"The database cannot be dumped: {_said(errors)}")
        finally:
            process.kill()
            process.wait()


def load(tools: Binaries, url: str, chunks: Iterable[bytes], *, at_once: bool = False) -> None:
    """Load a dump into a database that has none of its tables; at_once: all of it or nothing."""
    options = ["--exit-on-error", "--no-owner", "--no-privileges"]
    options += ["--single-transaction"] if at_once else []
    address, environment = _address(url)
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [tools.program("pg_restore"), *options, f"--dbname={address}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
        )
        assert process.stdin  # noqa: S101  it was asked for
        try:
            with suppress(BrokenPipeError), process.stdin as into:  # it says why it has ended
                for chunk in chunks:
                    into.write(chunk)
            if process.wait() != 0:
                raise DumpError(f"The dump cannot be loaded: {_said(errors)}")
        finally:
            process.kill()
            process.wait()


def _address(url: str) -> tuple[str, dict[str, str]]:
    """The address without its password, for all to see, and an environment with it."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    asked = dict(parse_qsl(parts.query))
    password = asked.pop("password", "") or unquote(password)
    bare = parts._replace(
        netloc=f"{name}{at}{hosts}", query=urlencode(asked, quote_via=quote)
    ).geturl()
    environment = {**os.environ, "LC_ALL": "C", "PGAPPNAME": "carbonseed backup"}
    return bare, environment | ({"PGPASSWORD": password} if password else {})


def _said(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return " ".join(lines[-4:]) or "it ended without a word"
