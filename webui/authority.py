"""The plant's certificate authority, as people may have it: to install in their browsers."""

import asyncio
from pathlib import Path

import msgspec

from appliance.identity import certificates


class Authority(msgspec.Struct, frozen=True):
    """The certificate as PEM, and its SHA-256 the way browsers show it."""

    pem: bytes
    fingerprint: str


class Shown:
    """The authority, read when it is first asked for: it does not change while we run."""

    def __init__(self) -> None:
        self._found: Authority | None = None

    async def get(self, folder: Path) -> Authority | None:
        """The authority of the certificates in `folder`, None if there is none."""
        if self._found is None:
            self._found = await asyncio.to_thread(_read, certificates.locate(folder).authority)
        return self._found


def _read(file: Path) -> Authority | None:
    if not file.is_file():
        return None
    return Authority(file.read_bytes(), certificates.fingerprint(file))
