"""A firmware bundle's bytes: what every program that makes, signs or reads one agrees on.

    CSFW1 LF · length of the manifest, decimal LF · manifest (JSON) · signature · files

The signature is RSA-3072, PKCS#1 v1.5 with SHA-256, over the manifest's bytes; the manifest has
each file's SHA-256. Files lie in the manifest's order. The same files give the same bytes.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import msgspec

from appliance.errors import Unprocessable

MAGIC = b"CSFW1\n"
MPY = 6
"""The version of MicroPython's bytecode."""
SIGNATURE_BYTES = 384
UNSIGNED = bytes(SIGNATURE_BYTES)
LARGEST = 256 * 1024
"""A bundle's bytes: a slot of the smallest board has room for it."""

Version = Annotated[
    str, msgspec.Meta(max_length=24, pattern=r"\A[0-9]+(\.[0-9]+){1,3}([-+.][0-9A-Za-z]+)*\Z")
]
_PATH = re.compile(r"([a-z_][a-z0-9_]*/)+[a-z_][a-z0-9_]*\.(mpy|json)")
_ENTRY = "node/app.mpy"


class BundleError(Unprocessable):
    """This is no firmware bundle."""

    code = "bundle"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in a bundle. files: path, bytes, SHA-256 in hex."""

    version: Version
    mpy: int
    files: list[tuple[str, int, str]]


class Bundle(NamedTuple):
    """A bundle as read; `signed` are the manifest's bytes that the signature is over."""

    manifest: Manifest
    signed: bytes
    signature: bytes
    files: dict[str, bytes]


def manifest_of(version: str, files: Mapping[str, bytes], mpy: int = MPY) -> bytes:
    """The manifest's bytes, to be signed: files in the order of their paths."""
    listed = [
        (path, len(data), hashlib.sha256(data).hexdigest()) for path, data in sorted(files.items())
    ]
    return msgspec.json.encode(Manifest(version, mpy, listed))


def pack(
    version: str, files: Mapping[str, bytes], signature: bytes = UNSIGNED, mpy: int = MPY
) -> bytes:
    """The bundle of these files by path, such as node/app.mpy; BundleError names what is wrong."""
    manifest = manifest_of(version, files, mpy)
    head = MAGIC + str(len(manifest)).encode() + b"\n" + manifest + signature
    packed = head + b"".join(data for _, data in sorted(files.items()))
    read(packed)
    return packed


def read(data: bytes) -> Bundle:
    """A bundle's parts, every hash compared; the signature is not looked at. Else BundleError."""
    if len(data) > LARGEST:
        raise BundleError(f"A firmware bundle has at most {LARGEST} bytes; this has {len(data)}.")
    digits, line, _ = data.removeprefix(MAGIC)[:8].partition(b"\n")
    if not (data.startswith(MAGIC) and line and digits.isdigit()):
        raise BundleError("This is no firmware bundle. Make one: carbonseed firmware pack")
    begin = len(MAGIC) + len(digits) + 1
    end = begin + int(digits)
    signed, signature = data[begin:end], data[end : end + SIGNATURE_BYTES]
    try:
        manifest = msgspec.json.decode(signed, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(f"The bundle's manifest cannot be read: {error}") from error
    files = _files(manifest, data[end + SIGNATURE_BYTES :])
    return Bundle(manifest, signed, signature, files)


def _files(manifest: Manifest, data: bytes) -> dict[str, bytes]:
    if manifest.mpy != MPY:
        raise BundleError(f"The bundle is of bytecode {manifest.mpy}; nodes run {MPY}.")
    files: dict[str, bytes] = {}
    place = 0
    for path, size, sha256 in manifest.files:
        part = data[place : place + size] if size >= 0 else b""
        if not _PATH.fullmatch(path) or path in files or len(path) > 60:
            raise BundleError(
                f"The bundle has a file {path[:60]!r}: it needs a name of its own in a folder, "
                "such as node/app.mpy. boot.py and main.py stay as the board was flashed."
            )
        if len(part) != size or hashlib.sha256(part).hexdigest() != sha256:
            raise BundleError(f"The bundle is damaged: {path} is not what its manifest says.")
        if path.endswith(".mpy") and part[:2] != bytes((ord("M"), MPY)):
            raise BundleError(f"{path} is no bytecode of version {MPY}. Compile it with mpy-cross.")
        files[path] = part
        place += size
    if place != len(data):
        raise BundleError("The bundle is damaged: there are bytes after its last file.")
    if _ENTRY not in files:
        raise BundleError(f"The bundle holds no application: {_ENTRY} is missing.")
    return files
