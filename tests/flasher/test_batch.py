"""Identities that travel in a file: encrypted, signed, each for one board."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from appliance.errors import Conflict, NotFound, Unprocessable
from flasher import batch as batches
from flasher.batch import FromBatch
from flasher.errors import NoAnswer, VerificationFailed
from tests.flasher.batches import NOON, content

PHRASE = "brazen kettle of tin"
MACS = [f"24:0a:c4:00:00:{n:02x}" for n in range(9)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "north.batch"
    batches.create(made, PHRASE, content("Node 1", "Node 2", "Node 3"))
    return made


def entries(file: Path):
    with batches.opened(file, PHRASE) as there:
        return there.content.entries


def test_nobody_reads_a_key_or_a_name_in_the_file(file: Path) -> None:
    raw = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    for secret in (b"csk_", b"S3cret", b"Node 1", b"ladle"):
        assert secret not in raw
    assert [one.device.name for one in entries(file)] == ["Node 1", "Node 2", "Node 3"]


def test_another_passphrase_does_not_open_it(file: Path) -> None:
    with pytest.raises(VerificationFailed, match="passphrase is wrong"), batches.opened(file, "x"):
        pass
    assert not list(file.parent.glob("*.lock"))


@pytest.mark.parametrize("member", ["salt", "nonce", "content"])
def test_a_file_that_was_changed_does_not_open(file: Path, member: str) -> None:
    told = json.loads(file.read_text())
    first = told[member][0]
    told[member] = ("B" if first == "A" else "A") + told[member][1:]
    file.write_text(json.dumps(told))
    with pytest.raises(VerificationFailed, match="changed"), batches.opened(file, PHRASE):
        pass


def test_a_cheaper_way_to_guess_is_refused(file: Path) -> None:
    told = json.loads(file.read_text())
    told["scrypt"]["n"] = 2
    file.write_text(json.dumps(told))
    with pytest.raises(VerificationFailed, match="another version"), batches.opened(file, PHRASE):
        pass


def test_what_the_appliance_did_not_sign_is_no_batch(tmp_path: Path) -> None:
    made, other = content("Node 1", "Node 2"), content("Node 1", "Node 2")
    fewer = replace(made, entries=made.entries[:1])
    swapped = replace(made, signed=replace(made.signed, public_key=other.signed.public_key))
    moved = made.signed.statement.replace("8444", "4443")
    redirected = replace(made, signed=replace(made.signed, statement=moved))
    for forged in (fewer, swapped, redirected):
        with pytest.raises(VerificationFailed):
            batches.create(tmp_path / "forged", PHRASE, forged)


def test_a_batch_of_another_appliance_is_refused_where_its_key_is_known(file: Path) -> None:
    with batches.opened(file, PHRASE) as there:
        known = there.fingerprint
    with batches.opened(file, PHRASE, known[:16].upper()):
        pass
    with (
        pytest.raises(VerificationFailed, match="another appliance"),
        batches.opened(file, PHRASE, "00" * 8),
    ):
        pass


def test_a_board_keeps_its_identity_and_no_two_boards_share_one(file: Path) -> None:
    with batches.opened(file, PHRASE) as there:
        assert there.bind(MACS[0]).device.name == "Node 1"
    with batches.opened(file, PHRASE) as there:
        assert there.bind(MACS[1]).device.name == "Node 2"
        assert there.bind(MACS[0]).device.name == "Node 1"
        assert there.bind(MACS[2]).device.name == "Node 3"
        with pytest.raises(Conflict, match="used up"):
            there.bind(MACS[3])
        assert there.free == 0


def test_lanes_at_the_same_time_get_different_identities(tmp_path: Path) -> None:
    file = tmp_path / "many.batch"
    there = batches.create(file, PHRASE, content(*[f"Node {n}" for n in range(1, 9)]))
    threads = [threading.Thread(target=there.bind, args=(mac,)) for mac in MACS[:8]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.mac for one in entries(file)) == MACS[:8]


def test_two_flashers_do_not_use_it_at_the_same_time(file: Path) -> None:
    with (
        batches.opened(file, PHRASE),
        pytest.raises(Conflict, match="in use by another flasher"),
        batches.opened(file, PHRASE),
    ):
        pass


def test_a_board_that_is_silent_is_not_used_up_and_stays_the_same_device(file: Path, told) -> None:
    with batches.opened(file, PHRASE) as there:
        source = FromBatch(there, lambda: NOON)
        claimed = source.claim(MACS[0])
        with pytest.raises(NoAnswer, match="Press RESET"):
            source.prove(claimed, None, 1, None, told.append)
        source.drop(claimed, told.append)
        assert there.content.entries[0].used_at is None
        assert source.claim(MACS[0]).device == claimed.device
        assert source.prove(claimed, None, 1, "node: boot 1", told.append) == {}
    assert entries(file)[0].used_at == NOON


def test_an_identity_that_was_reported_is_gone(file: Path) -> None:
    with batches.opened(file, PHRASE) as there:
        there.bind(MACS[0])
        there.mark(1, used_at=NOON, reported_at=datetime.now(UTC), key="")
        with pytest.raises(Conflict, match="where the appliance is"):
            there.bind(MACS[0])
    assert entries(file)[0].key == ""


def test_a_power_cut_while_it_is_written_leaves_a_whole_batch(file: Path, monkeypatch) -> None:
    def cut(_: object) -> None:
        raise OSError(5, "power cut")

    with batches.opened(file, PHRASE) as there:
        monkeypatch.setattr("os.fsync", cut)
        with pytest.raises(OSError, match="power cut"):
            there.bind(MACS[0])
    monkeypatch.undo()
    assert [one.mac for one in entries(file)] == ["", "", ""]


def test_a_short_passphrase_an_existing_file_and_no_file_are_told(file: Path) -> None:
    with pytest.raises(Unprocessable, match="four words"):
        batches.create(file.with_name("b"), "short", content("Node 1"))
    with pytest.raises(Conflict, match="exists"):
        batches.create(file, PHRASE, content("Node 1"))
    for missing in (file.with_name("none"), file / "none" / "at all"):
        with pytest.raises((NotFound, NotADirectoryError)), batches.opened(missing, PHRASE):
            pass
    file.write_text("[]")
    with pytest.raises(VerificationFailed, match="is no batch"), batches.opened(file, PHRASE):
        pass


def test_a_batch_says_what_it_holds_without_keys(file: Path, command, tmp_path: Path) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text(PHRASE)
    with batches.opened(file, PHRASE) as there:
        there.bind(MACS[0])
        there.mark(1, used_at=NOON)
    code, out, _ = command("flash", "batch", "show", file, "--passphrase-file", phrase, "--json")
    told = json.loads(out)
    assert (code, told["made_by"]) == (0, "tess@x")
    assert [one["mac"] for one in told["devices"]] == [MACS[0], "", ""]
    code, text, _ = command("flash", "batch", "show", file, "--passphrase-file", phrase)
    assert "used" in text
    assert "csk_" not in out + text
