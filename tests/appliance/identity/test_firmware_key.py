"""The key that signs firmware: made once, kept, and checked as a board does."""

import hashlib
from pathlib import Path

import pytest

from appliance.identity import firmware_key
from appliance.identity.keys import KeysError

SHA256_HEAD = bytes.fromhex("3031300d060960864801650304020105000420")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("data") / "secrets"
    firmware_key.load_or_make(made)
    return made


def test_a_board_proves_a_signature_with_whole_numbers_alone(folder: Path) -> None:
    key = firmware_key.load_or_make(folder)
    signature = firmware_key.sign(key, b"manifest")
    modulus = int(firmware_key.public(key).modulus, 16)
    shown = pow(int.from_bytes(signature, "big"), 65537, modulus).to_bytes(384, "big")
    digest = hashlib.sha256(b"manifest").digest()
    padding = b"\xff" * (384 - 3 - len(SHA256_HEAD) - 32)
    assert shown == b"\0\1" + padding + b"\0" + SHA256_HEAD + digest


def test_the_key_is_made_once_and_signs_the_same_again(folder: Path) -> None:
    first, again = firmware_key.load_or_make(folder), firmware_key.load_or_make(folder)
    assert firmware_key.public(first) == firmware_key.public(again)
    assert firmware_key.sign(first, b"m") == firmware_key.sign(again, b"m")
    assert (folder / "firmware.key").stat().st_mode & 0o777 == 0o600


def test_a_key_that_others_can_read_or_that_is_none_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "firmware.key"
    file.write_bytes((folder / "firmware.key").read_bytes())
    file.chmod(0o644)
    with pytest.raises(KeysError, match="chmod 600"):
        firmware_key.load_or_make(tmp_path)
    file.chmod(0o600)
    file.write_bytes(b"half a k")
    with pytest.raises(KeysError, match="Restore it from a backup"):
        firmware_key.load_or_make(tmp_path)
