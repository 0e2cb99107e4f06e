"""`carbonseed flash` where no appliance is needed: builds, parts, boards that do not fit."""

import ast
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"quart", "hypercorn", "uvicorn", "asyncpg", "numba", "numpy", "cryptography", "esptool"}


@pytest.fixture
def built(command, store, tmp_path: Path) -> Path:
    out = tmp_path / "parts"
    code, _, err = command("flash", "build", "--board", "esp32", "--store", store, "--out", out)
    assert code == 0, err
    return out


def test_a_build_is_added_and_listed(command, stock, tmp_path: Path) -> None:
    file, store = stock("esp32c3"), tmp_path / "images"
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    code, out, err = command(
        "flash", "image", "add", file, "--sha256", sha256, "--store", store, "--board", "esp32c3"
    )
    assert (code, err) == (0, "")
    assert "ESP32-C3" in out
    code, out, _ = command("flash", "image", "list", "--store", store, "--json")
    (image,) = json.loads(out)["images"]
    assert (code, image["board"], image["sha256"]) == (0, "esp32c3", sha256)
    code, out, _ = command("flash", "image", "list", "--store", store)
    assert out == f"esp32c3   {sha256[:16]}  {file.name}\n"


def test_a_build_with_another_hash_ends_with_8(command, stock, tmp_path: Path) -> None:
    code, out, err = command(
        "flash", "image", "add", stock("esp32"), "--sha256", "00" * 32, "--store", tmp_path
    )
    assert (code, out) == (8, "")
    assert "do not use this one" in err


def test_the_store_follows_the_users_data_folder(command, stock, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    file = stock("esp32")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert command("flash", "image", "add", file, "--sha256", sha256)[0] == 0
    kept = tmp_path / "carbonseed" / "images" / "esp32" / sha256 / file.name
    assert kept.read_bytes() == file.read_bytes()


def test_building_twice_makes_the_same_bytes(command, store, built, tmp_path: Path) -> None:
    again = tmp_path / "again"
    arguments = ("--board", "esp32", "--store", store, "--out", again)
    assert command("flash", "build", *arguments)[0] == 0
    names = {"boot.bin", "micropython.bin", "vfs.bin", "flash.json"}
    assert {file.name for file in built.iterdir()} == names
    for name in names:
        assert (again / name).read_bytes() == (built / name).read_bytes()


def test_the_parts_and_the_gap_for_the_identity_are_the_stock_build(built, stock) -> None:
    whole = stock("esp32").read_bytes()
    boot, rest = (built / "boot.bin").read_bytes(), (built / "micropython.bin").read_bytes()
    assert 0x1000 + len(boot) == 0x9000
    assert boot + b"\xff" * 0x6000 + rest == whole


def test_without_a_build_it_is_said_what_to_get(command, tmp_path: Path) -> None:
    code, out, err = command(
        "flash", "build", "--board", "esp32c6", "--store", tmp_path, "--out", tmp_path / "parts"
    )
    assert (code, out) == (4, "")
    assert "ESP32_GENERIC_C6" in err
    assert not (tmp_path / "parts").exists()


def test_parts_for_another_chip_are_not_written(command, built, plug_in) -> None:
    board = plug_in("esp32c3")
    before = board.flash()
    code, _, err = command("flash", "write", built, "--port", board.port)
    assert code == 1
    assert "an ESP32-C3, the parts are for an ESP32. Nothing was written." in err
    assert board.flash() == before


def test_parts_for_another_size_of_flash_are_not_written(
    command, store, plug_in, tmp_path: Path
) -> None:
    out, board = tmp_path / "large", plug_in("esp32")
    arguments = ("--board", "esp32", "--flash-size", 8, "--store", store, "--out", out)
    assert command("flash", "build", *arguments)[0] == 0
    code, _, err = command("flash", "write", out, "--port", board.port)
    assert code == 1
    assert "has 4 MB of flash, the parts are for 8 MB" in err
    assert "--flash-size 4" in err
    assert set(board.flash()) == {0xFF}


def test_parts_that_were_changed_are_not_written(command, built, plug_in) -> None:
    disk = bytearray((built / "vfs.bin").read_bytes())
    disk[5000] ^= 1
    (built / "vfs.bin").write_bytes(disk)
    code, _, err = command("flash", "write", built, "--port", plug_in("esp32").port)
    assert code == 8
    assert "Build again" in err


def test_writing_without_an_identity_leaves_the_boards_own(command, built, plug_in) -> None:
    board = plug_in("esp32")
    assert command("flash", "write", built, "--port", board.port)[0] == 0
    flash = board.flash()
    assert set(flash[0x9000:0xF000]) == {0xFF}
    assert flash[0x200000:] == (built / "vfs.bin").read_bytes()
    code, _, err = command("flash", "verify", built, "--port", board.port)
    assert code == 0
    assert "are those that were built" in err


def test_a_board_that_was_never_written_fails_the_check_with_8(command, built, plug_in) -> None:
    code, _, err = command("flash", "verify", built, "--port", plug_in("esp32").port)
    assert code == 8
    assert "boot.bin, micropython.bin" in err


def test_a_folder_without_parts_is_told_how_to_make_them(command, tmp_path: Path) -> None:
    code, _, err = command("flash", "write", tmp_path, "--port", "/dev/null")
    assert code == 4
    assert "carbonseed flash build" in err


def test_without_a_board_plugged_in_it_is_said(command) -> None:
    code, _, err = command("flash", "detect")
    assert code == 4
    assert "No board is plugged in" in err


def test_a_board_cannot_be_told_to_send_to_itself(command, tmp_path: Path) -> None:
    node, password = tmp_path / "node.json", tmp_path / "password"
    node.write_text('{"sensors": [{"metric": "temperature", "driver": "simulated"}]}')
    password.write_text("secret")
    given = ("--email", "t@plant.example", "--name", "Kiln", "--node", node, "--wifi", "plant")
    files = ("--wifi-password-file", password, "--password-file", password)
    url = ("--url", "https://localhost:8443", "--port", "/dev/null")
    code, _, err = command("flash", "board", *url, *given, *files)
    assert code == 2
    assert "--node-host" in " ".join(err.split())


@pytest.mark.parametrize("option", ["--password", "--key", "--wifi-password"])
def test_no_secret_can_be_given_as_an_argument(command, option: str) -> None:
    code, out, err = command("flash", "board", option, "canary")
    assert code == 2
    assert "No such option" in err
    assert "canary" not in out + err


UNIX = {"fcntl", "termios", "tty", "pty", "pwd", "grp", "resource", "uvloop", "syslog"}
UNIX_CALLS = {"fork", "SIGKILL", "SIGUSR1", "getuid", "geteuid", "fchmod", "mkfifo", "killpg"}


def test_nothing_that_the_flasher_loads_of_ours_needs_unix() -> None:
    probe = (
        "import appliance.cli.flash, tui.line.app, sys, json; print(json.dumps([module.__file__ "
        "for name, module in sys.modules.items() "
        "if name.split('.')[0] in ('appliance', 'flasher', 'tui')]))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True)
    files = [Path(file) for file in json.loads(done.stdout)]
    assert len(files) > 30
    for file in files:
        tree = ast.parse(file.read_text("utf-8"))
        imports = {name for node in tree.body for name in imported(node)}
        assert not imports & UNIX, file
        if {"flasher", "tui"} & set(file.parts) or file.name.startswith("flash"):
            used = {getattr(node, "attr", None) for node in ast.walk(tree)}
            assert not used & UNIX_CALLS, file


def imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return [one.name for one in node.names] if isinstance(node, ast.Import) else []


def test_the_flasher_alone_helps_without_anything_heavy() -> None:
    probe = (
        "import sys, json; sys.argv = ['carbonseed-flasher', *sys.argv[1:]]\n"
        "from appliance.cli.flash import main\ntry: main()\n"
        "except SystemExit as end: print(json.dumps([end.code, list(sys.modules)]))"
    )
    for arguments in (["--help"], ["line", "--help"], ["batch", "export", "--help"], ["ports"]):
        command = [sys.executable, "-c", probe, *arguments]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        code, loaded = json.loads(done.stdout.splitlines()[-1])
        assert code == 0
        assert set(loaded) & (HEAVY | {"duckdb", "pyarrow", "textual", "typst", "psutil"}) == set()
        assert "carbonseed-flasher" in done.stdout or arguments == ["ports"]


def test_the_flasher_loads_neither_the_appliance_nor_esptool() -> None:
    modules = sorted(path.stem for path in (Path(__file__).parents[2] / "flasher").glob("*.py"))
    imports = ", ".join(f"flasher.{name}" for name in modules if name != "__init__")
    probe = (
        f"import {imports}, appliance.cli.flash, json, sys; print(json.dumps(list(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert loaded & HEAVY == set()
    ours = {name for name in loaded if name.startswith("appliance.")}
    assert {name for name in ours if not name.startswith(("appliance.cli", "appliance.model"))} == {
        "appliance.errors",
        "appliance.settings",
        "appliance.backup",  # the errors alone, for their exit codes
        "appliance.reports",
    }


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["board", "--help"], ["line", "--help"], ["ports"], ["image", "list"], ["doctor"]],
    ids=" ".join,
)
def test_the_flasher_runs_where_what_only_unix_has_is_missing(
    arguments: list[str], tmp_path: Path
) -> None:
    probe = (
        # pyserial takes the half of itself that is for this system; this one's needs Unix.
        "import os, signal, sys, serial.tools.list_ports\n"
        f"sys.modules |= dict.fromkeys({sorted(UNIX)!r})\n"
        f"for name in {sorted(UNIX_CALLS)!r}:\n"
        "    for module in (os, signal):\n"
        "        if hasattr(module, name): delattr(module, name)\n"
        f"sys.argv = ['carbonseed-flasher', *{arguments!r}]\n"
        "from appliance.cli.flash import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.returncode == 0 or arguments == ["doctor"], done.stderr
    assert "Traceback" not in done.stderr
    assert "not installed" not in done.stderr + done.stdout
    assert done.stdout + done.stderr
