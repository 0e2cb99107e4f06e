"""The node's tests and a long life in a small heap, on MicroPython itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MICROPYTHON = Path(sys.executable).parent / "micropython"
SHARED = [
    "config",
    "drivers_analog",
    "drivers_temperature",
    "drivers_vibration",
    "errands",
    "journal",
    "littlefs",
    "net",
    "sampling",
    "simulated",
    "slots",
    "spool",
    "spool_faults",
    "update",
    "uplink",
    "wire",
]

pytestmark = pytest.mark.skipif(
    not MICROPYTHON.exists(),
    reason="NO MICROPYTHON HERE (its wheel is for x86_64 Linux): the node ran on CPython alone",
)


def micropython(
    folder: Path, *arguments: str, timeout: float = 100
) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ, NODE_TEST_FOLDER=str(folder))
    command = [str(MICROPYTHON), *arguments]
    return subprocess.run(
        command,
        cwd=HERE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.mark.parametrize("name", SHARED)
def test_every_test_of_the_node_passes_under_micropython(name: str, tmp_path: Path) -> None:
    done = micropython(tmp_path, "-X", "heapsize=16M", "micropython/run.py", f"test_{name}")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert f"test_{name}: " in done.stdout
    assert " 0 passed" not in done.stdout


def test_no_test_of_the_node_is_left_out_under_micropython() -> None:
    here_only = {"test_micropython", "test_node", "test_backfill", "test_board", "test_lists"}
    assert {path.stem for path in HERE.glob("test_*.py")} - here_only == {
        f"test_{n}" for n in SHARED
    }


@pytest.mark.timeout(900)
def test_a_long_life_fits_a_heap_of_200_kilobytes_and_does_not_grow(tmp_path: Path) -> None:
    life = ("-X", "heapsize=200K", "micropython/soak.py", "100000")
    done = micropython(tmp_path, *life, timeout=800)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["heap"] < 205_000
    assert seen["rows"] == sum(
        seen[fate] for fate in ("delivered", "over_tls", "dropped", "refused", "waiting")
    )
    assert seen["delivered"] > 70_000
    assert seen["over_tls"] > 1000
    assert seen["dropped"] > 0
    assert seen["refused"] > 0
    assert seen["after"] - seen["before"] < 4096
    assert seen["tls_late"] - seen["tls_early"] < 4096
