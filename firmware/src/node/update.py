"""Brings a signed application into the idle slot, in pieces, with memory for one of them.

A file that is there already, whole, is not fetched again: an update that was cut off goes on where
it was. Loaded when there is something to update; docs/wire.md says what a bundle is.
"""

import binascii
import gc
import hashlib
import json
import os
import sys

from . import compat
from .slots import Refused

PIECE = 2048
_MAGIC = b"CSFW1\n"
_LARGEST_MANIFEST = 8192
_SIGNATURE = 384
_EXPONENT_SQUARES = 16  # 65537 = 2^16 + 1
_SHA256_INFO = "3031300d060960864801650304020105000420"  # DigestInfo of RFC 8017, 9.2
_MPY = 6
_FOLDER = 0x4000


async def bring(fetch, slots, modulus, version):
    """Fills the idle slot with the application of that version and gives it the next start.

    `await fetch(begin, count)` gives so many bytes of the bundle, `modulus` is of the key that must
    have signed it, in hex. Raises Refused, and OSError of the network or the flash: try later.
    """
    manifest, place = await _manifest(fetch, modulus)
    if manifest["version"] != version:
        raise OSError("firmware %s is offered now" % manifest["version"])
    if manifest["mpy"] != _mpy():
        raise Refused("its bytecode is version %d, not %d" % (manifest["mpy"], _mpy()))
    files = manifest["files"]
    for path, _, _ in files:
        if not _is_inside(path):
            raise Refused("it has a file %s" % path)
    folder = slots.open()
    _clear(folder, [folder + "/" + path for path, _, _ in files])
    for path, size, sha256 in files:
        if not _is_whole(folder + "/" + path, size, sha256):
            compat.make_folder(folder + "/" + path[: path.rfind("/")])
            await _write(fetch, place, folder + "/" + path, size)
            if not _is_whole(folder + "/" + path, size, sha256):
                raise Refused("%s is not what was signed" % path)
        place += size
        gc.collect()
    slots.close(version)


async def _manifest(fetch, modulus):
    """The manifest, as signed with the key, and where the first file begins."""
    head = await fetch(0, PIECE)
    digits = head[len(_MAGIC) : len(_MAGIC) + 8].split(b"\n")[0]
    if head[: len(_MAGIC)] != _MAGIC or not digits.isdigit():
        raise Refused("it is no bundle")
    length = int(digits)
    begin = len(_MAGIC) + len(digits) + 1
    if length > _LARGEST_MANIFEST:
        raise Refused("its manifest has %d bytes" % length)
    end = begin + length + _SIGNATURE
    while len(head) < end:
        head += await fetch(len(head), PIECE)
    signed = head[begin : begin + length]
    if not is_genuine(signed, head[begin + length : end], modulus):
        raise Refused("its signature is not of this plant's key")
    return json.loads(signed), end


def is_genuine(signed, signature, modulus):
    """Whether RSA-3072 (PKCS#1 v1.5, SHA-256, exponent 65537) signed these bytes."""
    if len(modulus) != 2 * _SIGNATURE:
        return False
    n, s = int(modulus, 16), int.from_bytes(signature, "big")
    if s >= n:
        return False
    power = s
    for _ in range(_EXPONENT_SQUARES):
        power = power * power % n
    power = power * s % n
    digest = binascii.hexlify(hashlib.sha256(signed).digest()).decode()
    info = _SHA256_INFO + digest
    padding = "ff" * (_SIGNATURE - 3 - len(info) // 2)
    return power == int("0001" + padding + "00" + info, 16)


async def _write(fetch, place, path, size):
    with open(path, "wb") as file:
        done = 0
        while done < size:
            data = await fetch(place + done, min(PIECE, size - done))
            if not data:
                raise Refused("it ends too early")
            file.write(data)
            done += len(data)
        compat.sync(file)


def _is_whole(path, size, sha256):
    """Whether the file on the flash is the one that was signed."""
    if not compat.exists(path) or compat.size(path) != size:
        return False
    digest = hashlib.sha256()
    buffer = bytearray(512)
    view = memoryview(buffer)
    with open(path, "rb") as file:
        while True:
            count = file.readinto(buffer)
            if not count:
                return binascii.hexlify(digest.digest()).decode() == sha256
            digest.update(view[:count])


def _is_inside(path):
    """Whether a path names a file in a folder of the slot."""
    parts = path.split("/")
    return len(parts) > 1 and "" not in parts and "." not in parts and ".." not in parts


def _clear(folder, kept):
    """Deletes the files below a folder but those."""
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & _FOLDER:
            _clear(path, kept)
        elif path not in kept:
            os.remove(path)


def _mpy():
    """The version of bytecode that this interpreter runs; CPython runs none, and is for tests."""
    return getattr(sys.implementation, "_mpy", _MPY) & 0xFF
