"""What install.sh says and refuses before it changes anything."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.installer.engine import ROOT
from tests.installer.plant import Plant

INSTALLER = ROOT / "installer/install.sh"


def run(*options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [INSTALLER, *options],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def without_docker(tmp_path: Path) -> str:
    """A PATH with every program of this machine but Docker's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for program in Path(place).iterdir():
            link = folder / program.name
            if "docker" not in program.name and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)


def test_without_docker_it_says_how_to_get_it(tmp_path: Path, without_docker: str) -> None:
    home = tmp_path / "etc"
    told = run("--dir", str(home), "--prefix", str(tmp_path / "local"), PATH=without_docker)
    assert told.returncode == 3, told.stderr
    assert "FAIL  Docker      is not installed" in told.stdout
    assert "→ Install Docker Engine with Compose" in told.stdout
    assert "Nothing was changed" in told.stdout
    assert told.stderr == ""
    assert not home.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--people-prot", "1"], "There is no option --people-prot."),
        (["--people-port"], "--people-port needs a value."),
        (["--people-port", "99999"], "99999 is no port"),
        (["--people-port", "http"], "http is no port"),
        (["--people-port", "8444"], "Two of the ports are the same."),
        (["--name", "Big Name"], "--name takes small letters"),
        (["--host", "box;reboot"], "--host takes names and addresses"),
        (["--listen", "eth0"], "--listen takes an IPv4 address"),
        (["--purge"], "--purge goes with --uninstall."),
        (["--uninstall"], "Nothing is installed in"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(
    tmp_path: Path, options: list[str], words: str
) -> None:
    told = run("--dir", str(tmp_path / "etc"), *options)
    assert told.returncode == 2
    assert words in told.stderr
    assert not (tmp_path / "etc").exists()


@pytest.mark.docker
def test_a_dry_run_shows_the_plan_and_changes_nothing(another: Plant) -> None:
    told = another.install("--dry-run")
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"https://localhost:{another.people_port}" in told.stdout
    assert "This was a dry run: nothing was changed." in told.stdout
    assert not another.folder.exists()
    assert not another.prefix.exists()


@pytest.mark.docker
def test_a_port_that_is_taken_is_told_with_who_has_it(another: Plant) -> None:
    with socket.create_server(("127.0.0.1", another.device_port)):
        told = another.install()
    assert told.returncode == 3
    assert f"Port {another.device_port}  is taken by" in told.stdout
    assert f"(process {os.getpid()})" in told.stdout
    assert "--device-port" in told.stdout
    assert not another.folder.exists()


@pytest.mark.docker
def test_an_engine_that_does_not_answer_is_told(another: Plant, tmp_path: Path) -> None:
    told = run(*another.options(), DOCKER_HOST=f"unix://{tmp_path}/nobody.sock")
    assert told.returncode == 3
    assert "FAIL  Docker      does not answer" in told.stdout
    assert "systemctl enable --now docker" in told.stdout


@pytest.mark.docker
def test_a_bundle_installs_without_a_registry_and_a_damaged_one_is_refused(
    another: Plant, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    made = subprocess.run(
        [another.script.with_name("bundle.sh"), bundle],
        env=another.engine.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    away = subprocess.run(
        [bundle / "install.sh", "--offline", ".", *another.options()],
        cwd=bundle,
        env=another.engine.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert away.returncode == 0, away.stdout + away.stderr
    assert f"OK    Bundle      whole: {bundle}" in away.stdout
    assert "setup?code=" in away.stdout

    with (bundle / "images/postgres.tar").open("r+b") as image:
        image.seek(5000)
        image.write(b"\0\1\2\3")
    refused = another.install("--offline", str(bundle))
    assert refused.returncode == 3
    assert "FAIL  Bundle      a file is not what SHA256SUMS says" in refused.stdout
