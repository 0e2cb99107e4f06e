"""What the wheel carries: all the appliance needs to run, and nothing of the workshop."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(path).namelist())


def test_the_wheel_carries_code_schema_pages_and_firmware(wheel: set[str]) -> None:
    needed = [
        "appliance/main.py",
        "appliance/py.typed",
        "appliance/store/migrations/0001_people.sql",
        "webui/static/dist/manifest.json",
        "firmware/src/main.py",
        "firmware/boards.toml",
        "firmware/images.toml",
    ]
    assert [name for name in needed if name not in wheel] == []
    assert any(name.startswith("webui/templates/") for name in wheel)


def test_the_wheel_carries_nothing_of_the_workshop(wheel: set[str]) -> None:
    foreign = ("tests/", "docs/", "webui/src/", "webui/node_modules/", ".")
    assert [name for name in wheel if name.startswith(foreign)] == []


def test_every_module_in_the_tree_is_in_the_wheel(wheel: set[str]) -> None:
    modules = {
        str(path.relative_to(ROOT))
        for room in ("appliance", "webui", "flasher")
        for path in (ROOT / room).rglob("*.py")
        if "node_modules" not in path.parts
    }
    assert modules - wheel == set()
