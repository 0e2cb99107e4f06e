"""An offline batch: identities taken along in one file, encrypted, each for one board only.

The file is JSON: scrypt's parameters, a nonce, and the content under AES-256-GCM, which also covers
the parameters. Inside, the appliance's signature says that it made exactly these devices.
"""

import base64
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from appliance.errors import Conflict, NotFound, Unprocessable
from appliance.model.device import Device
from appliance.model.ids import KeyId
from flasher.errors import NoAnswer, VerificationFailed
from flasher.events import Step, Tell
from flasher.node import Home, Wifi
from flasher.server import Claimed

FORMAT = "carbonseed-batch-1"
PURPOSE = "carbonseed batch"
SCRYPT = {"n": 2**15, "r": 8, "p": 1}
"""32 MB and about a tenth of a second for each guess."""
SHORTEST_PASSPHRASE = 12


class Entry(msgspec.Struct, frozen=True):
    """An identity. mac: the board it is bound to; used_at: when that was seen to start with it."""

    device: Device
    key_id: KeyId
    key: str
    mac: str = ""
    used_at: datetime | None = None
    reported_at: datetime | None = None


class Signed(msgspec.Struct, frozen=True):
    """What the appliance made: its statement, and its signature and public key in hex."""

    statement: str
    signature: str
    public_key: str


class Content(msgspec.Struct, frozen=True):
    """All that is needed far from the appliance. url: its own, host: as boards reach it."""

    url: str
    host: str
    template: dict[str, Any]
    wifi: Wifi | None
    signed: Signed
    entries: list[Entry]


class Statement(msgspec.Struct, frozen=True):
    """What the appliance says of a batch. devices: number, name and key's id of each."""

    purpose: str
    id: str
    made_at: datetime
    made_by: str
    home: Home
    devices: list[tuple[int, str, str]]


class _File(msgspec.Struct, frozen=True):
    format: str
    scrypt: dict[str, int]
    salt: bytes
    nonce: bytes
    content: bytes


class Batch:
    """An open batch; every change is in the file before it is used. Safe for several threads."""

    def __init__(self, file: Path, key: bytes, salt: bytes, content: Content) -> None:
        self.file = file
        self.content = content
        self.statement = _proved(content)
        self._key = key
        self._salt = salt
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """Of the appliance's public key, as under its signed reports."""
        return _fingerprint(self.content.signed.public_key)

    @property
    def free(self) -> int:
        """How many identities are left for a board."""
        return sum(bool(entry.key) and not entry.mac for entry in self.content.entries)

    def bind(self, mac: str) -> Entry:
        """The identity of this board: the one it has in this batch, else the next that is free."""
        with self._lock:
            entries = self.content.entries
            found = next((one for one in entries if one.mac == mac), None)
            if found is None:
                found = next((one for one in entries if not one.mac and one.key), None)
            if found is None:
                raise Conflict(
                    f"The batch {self.file.name} is used up. Export another one at the appliance."
                )
            if not found.key:
                raise Conflict(
                    f"The board {mac} is {found.device.name}, and that has been reported. Flash it "
                    "again where the appliance is."
                )
            return found if found.mac else self._change(found, mac=mac)

    def mark(self, device_id: int, **changes: object) -> None:
        """Note something about an identity."""
        with self._lock:
            entry = next(one for one in self.content.entries if one.device.id == device_id)
            self._change(entry, **changes)

    def _change(self, entry: Entry, **changes: object) -> Entry:
        after = replace(entry, **changes)
        entries = [after if one is entry else one for one in self.content.entries]
        self.content = replace(self.content, entries=entries)
        _write(self.file, self._key, self._salt, self.content)
        return after


class FromBatch:
    """Identities of a batch; that a board is alive is proved by what it says on its console."""

    def __init__(self, batch: Batch, clock: Callable[[], datetime]) -> None:
        self._batch = batch
        self._clock = clock

    def claim(self, mac: str) -> Claimed:
        """The identity of the board with this MAC."""
        entry = self._batch.bind(mac)
        return Claimed(entry.device, entry.key_id, entry.key, self._batch.statement.home)

    def heard(self, claimed: Claimed) -> None:
        """Nobody hears of it here."""

    def prove(
        self,
        claimed: Claimed,
        since: datetime | None,
        seconds: float,
        started: str | None,
        tell: Tell,
    ) -> dict[str, float]:
        """Refuse a board that has not said that it starts; mark the identity as used."""
        if started is None:
            raise NoAnswer(
                f"The board is written and checked, but {claimed.device.name} does not say that it "
                "starts. Press RESET, then make it again; it stays the same device."
            )
        self._batch.mark(claimed.device.id, used_at=self._clock())
        tell(Step("register", f"{claimed.device.name} is marked; {self._batch.free} are left."))
        return {}

    def drop(self, claimed: Claimed, tell: Tell) -> None:
        """The identity stays bound to this board: whoever imports the batch can revoke it."""
        tell(Step("claim", f"{claimed.device.name} stays bound to this board; make it again."))


def check_passphrase(passphrase: str) -> None:
    """Refuse one that is guessed easily: the file may be lost on the way."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Unprocessable(
            f"The passphrase has {len(passphrase)} characters. Take {SHORTEST_PASSPHRASE} or more, "
            "such as four words."
        )


def create(file: Path, passphrase: str, content: Content) -> Batch:
    """Write a new batch, readable by this user alone; an existing file is never replaced."""
    check_passphrase(passphrase)
    if file.exists():
        raise Conflict(f"{file} exists. Name another file: its identities would be lost.")
    salt = secrets.token_bytes(16)
    batch = Batch(file, _key(passphrase, salt, SCRYPT), salt, content)
    _write(file, batch._key, salt, content)  # noqa: SLF001  its maker
    return batch


@contextmanager
def opened(file: Path, passphrase: str, fingerprint: str | None = None) -> Iterator[Batch]:
    """A batch for this process alone. fingerprint: the beginning of the appliance's, if known."""
    lock = file.with_name(file.name + ".lock")
    try:
        lock.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise Conflict(
            f"{file.name} is in use by another flasher. If none runs, delete {lock}."
        ) from error
    except FileNotFoundError as error:
        raise NotFound(f"There is no batch {file}.") from error
    try:
        batch = _read(file, passphrase)
        if fingerprint is not None and not batch.fingerprint.startswith(fingerprint.lower()):
            raise VerificationFailed(
                f"{file.name} was signed by another appliance: {batch.fingerprint[:16]}. "
                "Do not use it."
            )
        yield batch
    finally:
        lock.unlink()


def _read(file: Path, passphrase: str) -> Batch:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415  help needs none of it
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    try:
        read = msgspec.json.decode(file.read_bytes(), type=_File)
    except FileNotFoundError as error:
        raise NotFound(f"There is no batch {file}.") from error
    except msgspec.DecodeError as error:
        raise VerificationFailed(f"{file.name} is no batch: {error}.") from error
    if read.format != FORMAT or read.scrypt != SCRYPT:
        raise VerificationFailed(f"{file.name} is a batch of another version ({read.format}).")
    key = _key(passphrase, read.salt, read.scrypt)
    try:
        plain = AESGCM(key).decrypt(read.nonce, read.content, _covered(read.salt))
    except (InvalidTag, ValueError) as error:
        raise VerificationFailed(
            f"{file.name} does not open: the passphrase is wrong, or the file was changed."
        ) from error
    return Batch(file, key, read.salt, msgspec.json.decode(plain, type=Content))


def _write(file: Path, key: bytes, salt: bytes, content: Content) -> None:
    """Replace the file so that a power cut leaves the old or the new one."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    nonce = secrets.token_bytes(12)
    sealed = AESGCM(key).encrypt(nonce, msgspec.json.encode(content), _covered(salt))
    made = msgspec.json.encode(_File(FORMAT, SCRYPT, salt, nonce, sealed))
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(made)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def _key(passphrase: str, salt: bytes, scrypt: dict[str, int]) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415

    return Scrypt(salt=salt, length=32, **scrypt).derive(passphrase.encode())


def _covered(salt: bytes) -> bytes:
    return msgspec.json.encode([FORMAT, SCRYPT, base64.b64encode(salt).decode()])


def _fingerprint(public_key: str) -> str:
    return hashlib.sha256(bytes.fromhex(public_key)).hexdigest()


def _proved(content: Content) -> Statement:
    """The appliance's statement, if it signed it and it is about these devices."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    signed = content.signed
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.public_key))
        key.verify(bytes.fromhex(signed.signature), signed.statement.encode())
        statement = msgspec.json.decode(signed.statement, type=Statement)
    except (InvalidSignature, ValueError, msgspec.DecodeError) as error:
        raise VerificationFailed("The batch's signature is not the appliance's.") from error
    there = [(one.device.id, one.device.name, one.key_id) for one in content.entries]
    if statement.purpose != PURPOSE or statement.devices != there:
        raise VerificationFailed("The batch holds other devices than the appliance signed for.")
    return statement
