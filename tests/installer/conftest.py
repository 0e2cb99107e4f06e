"""A Docker engine of the tests' own, the images the registry would have, and a plant on both."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installer.engine import Engine, base_root, copy_sources
from tests.installer.plant import Plant

NEEDED = ("dockerd", "docker", "docker-compose", "debootstrap", "iptables-save")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for containers may take longer than other tests; the first builds the image."""
    for item in items:
        if item.get_closest_marker("docker"):
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """dockerd with everything of its own, ended by its process; the firewall as it was."""
    if why := why_not():
        pytest.skip(f"*** The installer was NOT tried on a real Docker engine: {why}")
    root = base_root()
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir=root.parent))
    firewall = subprocess.run(["iptables-save"], capture_output=True, check=True).stdout
    bridge = Path("/sys/class/net/docker0").exists()
    made = Engine(folder)
    try:
        copy_sources(made.sources)
        made.start()
        made.provide_images(root)
        yield made
    finally:
        made.stop()
        subprocess.run(["iptables-restore"], input=firewall, check=True)
        if not bridge:
            subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def why_not() -> str:
    """Why there can be no engine here, or nothing."""
    if os.geteuid() != 0:
        return "only root can start one."
    if missing := [name for name in NEEDED if not shutil.which(name)]:
        return f"there is no {', '.join(missing)}; tests/system_parts.sh installs it."
    there = {**os.environ}
    there.pop("DOCKER_HOST", None)
    if subprocess.run(["docker", "info"], env=there, capture_output=True, check=False).returncode:
        return ""
    return "another one runs on this machine, and their firewall rules would mix."


@pytest.fixture(scope="session")
def plant(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """An installation with an administrator, a device and its first reading."""
    plant = Plant(engine, tmp_path_factory.mktemp("plant"), "plant")
    said = plant.install()
    assert said.returncode == 0, said.stdout + said.stderr
    plant.sign_up(said.stdout)
    plant.post(0)
    return plant


@pytest.fixture
def another(engine: Engine, tmp_path: Path) -> Iterator[Plant]:
    """A second installation beside the first; whatever is left of it goes at the end."""
    plant = Plant(engine, tmp_path, "another")
    yield plant
    if (plant.folder / ".env").exists():
        plant.installer("--uninstall", "--purge", "--confirm", "another")


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    """Read what a process says until it says `words`, then kill it and what it started."""
    assert process.stdout is not None
    with process.stdout as said:
        heard = any(words in line for line in said)
        time.sleep(0.3)  # into the step
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert heard, words
