"""The command line as its users meet it: help, errors in words, exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from appliance import cli, errors
from appliance.cli import checks, exits
from appliance.running import Running, read_running, remove_running, write_running
from appliance.settings import Settings
from tests.box import free_port

DOCS = Path(__file__).parents[3] / "docs" / "operations.md"


def carbonseed(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if "CARBONSEED" not in name}
    return subprocess.run(
        [sys.executable, "-c", "from appliance.cli import main; main()", *arguments],
        env=kept | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    probe = (
        "import sys; from appliance import cli; cli.run(['--help']);"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    out = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    *shown, loaded = out.stdout.splitlines()
    assert [name for name in cli.COMMANDS if name not in "\n".join(shown)] == []
    heavy = {"quart", "hypercorn", "uvicorn", "asyncpg", "numba", "numpy", "cryptography", "httpx"}
    assert not heavy & set(loaded.split())


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself_and_is_in_the_operations_page(name: str) -> None:
    shown = carbonseed(name, "--help")
    assert shown.returncode == 0, shown.stderr
    assert "Usage" in shown.stdout
    assert f"carbonseed {name}" in DOCS.read_text()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NotFound(), 4),
        (errors.NotAllowed(), 5),
        (errors.NotSignedIn(), 5),
        (PermissionError(), 5),
        (errors.Conflict(), 6),
        (errors.AlreadyRunning(), 6),
        (errors.Unavailable(), 7),
        (errors.DatabaseUnavailable(), 7),
        (errors.BadRequest(), 1),
        (ValueError(), 1),
    ],
)
def test_the_kind_of_error_is_the_exit_code(error: Exception, code: int) -> None:
    assert exits.of(error) == code


def test_every_exit_code_is_in_the_operations_page() -> None:
    codes = [value for name, value in vars(exits).items() if name.isupper() and name[0] != "_"]
    assert [code for code in codes if f"| {code} |" not in DOCS.read_text()] == []


def test_a_mistyped_command_is_guessed() -> None:
    shown = carbonseed("stauts")
    assert shown.returncode == 2
    assert "status" in shown.stderr


def test_an_error_is_told_in_words_without_a_trace_unless_asked_for(tmp_path: Path) -> None:
    arguments = ("user", "list", "--data-dir", str(tmp_path))
    shown = carbonseed(*arguments)
    assert shown.returncode == exits.NOT_FOUND
    assert shown.stderr.startswith("carbonseed: There is no appliance in")
    assert "Traceback" not in shown.stderr
    assert "Traceback" in carbonseed("--debug", *arguments).stderr


def test_a_wrong_setting_is_told_by_name() -> None:
    shown = carbonseed("doctor", CARBONSEED_PEOPLE_PORT="many")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "CARBONSEED_PEOPLE_PORT" in shown.stderr


def test_status_says_when_nothing_runs(tmp_path: Path) -> None:
    shown = carbonseed("status", "--data-dir", str(tmp_path))
    assert shown.returncode == exits.UNREACHABLE
    assert "No appliance runs on" in shown.stderr


def test_doctor_finds_nothing_wrong_with_a_free_place(tmp_path: Path) -> None:
    ports = [f"--{name}-port={free_port()}" for name in ("people", "device", "http")]
    shown = carbonseed("doctor", "--json", "--data-dir", str(tmp_path / "new"), *ports)
    told = json.loads(shown.stdout)
    assert told["schema_version"] == 1
    bad = [check for check in told["checks"] if check["level"] == "FAIL"]
    assert (shown.returncode, bad) == (0, [])
    assert not (tmp_path / "new").exists()


def test_doctor_names_who_holds_a_port(tmp_path: Path) -> None:
    with checks.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        shown = carbonseed(
            *("doctor", "--json", "--data-dir", str(tmp_path), "--host", "127.0.0.1"),
            *("--people-port", str(port), "--device-port", str(free_port())),
            *("--http-port", "0"),
        )
    assert shown.returncode == exits.CHECK_FAILED
    (finding,) = [check for check in json.loads(shown.stdout)["checks"] if check["level"] == "FAIL"]
    assert finding["name"] == "People's port"
    assert f"process {os.getpid()}" in finding["said"]
    assert finding["fix"]


def test_doctor_prints_a_fix_with_every_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    shown = carbonseed("doctor", "--data-dir", str(tmp_path), "--http-port", "0")
    assert f"chmod go-rw {tmp_path}" in shown.stdout
    assert shown.stdout.count("WARN") + shown.stdout.count("FAIL") == shown.stdout.count("→")


def test_a_note_of_a_process_that_is_gone_is_no_appliance(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    living = Running(os.getpid(), "127.0.0.1", 1, 2, None)
    write_running(settings.running_file, msgspec.structs.replace(living, pid=ended.pid))
    assert read_running(settings.running_file) is None
    write_running(settings.running_file, living)
    assert read_running(settings.running_file) == living
    remove_running(settings.running_file, msgspec.structs.replace(living, people_port=9))
    assert read_running(settings.running_file) == living
    remove_running(settings.running_file, living)
    assert read_running(settings.running_file) is None


def test_doctor_looks_where_the_appliance_listens(tmp_path: Path) -> None:
    with checks.listen("127.0.0.1", 0) as people, checks.listen("127.0.0.1", 0) as devices:
        ports = [listener.getsockname()[1] for listener in (people, devices)]
        note = Running(os.getpid(), "127.0.0.1", *ports, None)
        write_running(Settings(data_dir=tmp_path).running_file, note)
        shown = carbonseed("doctor", "--json", "--data-dir", str(tmp_path))
    found = {
        one["name"]: one for one in json.loads(shown.stdout)["checks"] if "port" in one["name"]
    }
    assert {name: (one["level"], one["said"]) for name, one in found.items()} == {
        "People's port": ("OK", f"{ports[0]}, the appliance itself listens there"),
        "Devices' port": ("OK", f"{ports[1]}, the appliance itself listens there"),
    }


def test_the_length_of_a_past_without_a_demo_is_a_mistake(tmp_path: Path) -> None:
    shown = carbonseed("up", "--history-days", "3", "--data-dir", str(tmp_path / "data"))
    assert (shown.returncode, "--demo" in shown.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("trouble", ["port", "database"])
def test_a_start_that_fails_leaves_nothing_behind(tmp_path: Path, trouble: str) -> None:
    ports = [f"--{name}-port={free_port()}" for name in ("people", "device")]
    settings = {}
    with checks.listen("127.0.0.1", 0) as taken:
        if trouble == "port":
            ports[0] = f"--people-port={taken.getsockname()[1]}"
        else:
            settings["CARBONSEED_DATABASE_URL"] = "postgresql://me:secret@127.0.0.1:1/box"
        shown = carbonseed(
            *("up", "--data-dir", str(tmp_path / "a" / "data"), "--host", "127.0.0.1"),
            *(*ports, "--http-port=0"),
            **settings,
        )
    assert shown.returncode == (6 if trouble == "port" else 7), shown.stderr
    assert list(tmp_path.iterdir()) == []
