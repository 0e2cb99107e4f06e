"""The appliance's own secrets: made at its first start, kept in files only its user can read."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from appliance.errors import CarbonseedError
from appliance.identity.hasher import COST, Hasher

KEY_BYTES = 32
SIGNING_FILE = "signing.key"
PEPPER_FILE = "pepper.key"


class KeysError(CarbonseedError):
    """A secret of the appliance cannot be used."""

    code = "keys"


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs access tokens, and what hashes passwords. Keep it for the life of the process."""

    signing: bytes = field(repr=False)
    hasher: Hasher

    def __post_init__(self) -> None:
        for name, secret in ((SIGNING_FILE, self.signing), (PEPPER_FILE, self.hasher.pepper)):
            if len(secret) < KEY_BYTES:
                raise KeysError(
                    f"The secret {name} has {len(secret)} bytes; it needs {KEY_BYTES}. Restore it "
                    "from a backup."
                )


def load_or_create(folder: Path, *, cost: int = COST) -> Keys:
    """The secrets in `folder` (mode 0700), each made where it is missing. Blocks on the disk."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    signing = read_or_make(folder / SIGNING_FILE)
    return Keys(signing, Hasher(read_or_make(folder / PEPPER_FILE), cost=cost))


def _random() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def read_or_make(file: Path, make: Callable[[], bytes] = _random) -> bytes:
    """A secret in a file, by default KEY_BYTES random bytes, made where it is missing.

    Blocks on the disk.
    """
    try:
        if file.stat().st_mode & 0o077:
            raise KeysError(f"Others can read {file}. Run: chmod 600 {file}")
        return file.read_bytes()
    except FileNotFoundError:
        return _write(file, make())
    except OSError as error:
        raise KeysError(f"The secret {file} cannot be read: {error.strerror}.") from error


def _write(file: Path, secret: bytes) -> bytes:
    """Write a new secret so that a crash leaves a whole file or none; what another process or
    thread has made meanwhile is kept, and returned."""
    fresh = file.with_suffix(f".{secrets.token_hex(4)}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(secret)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(fresh, file)
    except FileExistsError:
        return file.read_bytes()
    finally:
        fresh.unlink()
    return secret
