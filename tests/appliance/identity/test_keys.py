"""The appliance's own secrets."""

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.identity import keys
from appliance.identity.hasher import Hasher
from appliance.identity.keys import Keys, KeysError


def test_secrets_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made = keys.load_or_create(folder)
    again = keys.load_or_create(folder)
    assert (again.signing, again.hasher.pepper) == (made.signing, made.hasher.pepper)
    assert made.signing != made.hasher.pepper
    assert len(made.signing) >= 32
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {
        "signing.key": 0o600,
        "pepper.key": 0o600,
    }


def test_two_appliances_have_different_secrets(tmp_path: Path) -> None:
    assert (
        keys.load_or_create(tmp_path / "a").signing != keys.load_or_create(tmp_path / "b").signing
    )


@pytest.mark.parametrize("name", ["signing.key", "pepper.key"])
def test_a_short_secret_is_refused(tmp_path: Path, name: str) -> None:
    keys.load_or_create(tmp_path)
    (tmp_path / name).write_bytes(b"short")
    with pytest.raises(KeysError, match=f"{name} has 5 bytes"):
        keys.load_or_create(tmp_path)


def test_a_secret_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.load_or_create(tmp_path)
    (tmp_path / "signing.key").chmod(0o644)
    with pytest.raises(KeysError, match="Others can read"):
        keys.load_or_create(tmp_path)


def test_what_a_crash_left_half_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "signing.new").write_bytes(b"half")
    assert len(keys.load_or_create(tmp_path).signing) == 32


def test_many_who_need_the_same_secret_at_once_get_the_one_that_is_kept(tmp_path: Path) -> None:
    everybody = threading.Barrier(8)

    def make() -> bytes:
        everybody.wait()
        return secrets.token_bytes(32)

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: keys.read_or_make(tmp_path / "a.key", make), range(8)))
    assert set(made) == {(tmp_path / "a.key").read_bytes()}
    assert [file.name for file in tmp_path.iterdir()] == ["a.key"]


def test_secrets_do_not_show_in_a_printed_object() -> None:
    shown = repr(Keys(b"signing-secret" * 4, Hasher(b"pepper-secret" * 4)))
    assert "signing-secret" not in shown
    assert "pepper-secret" not in shown
