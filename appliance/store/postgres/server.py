"""The PostgreSQL server process: made, started, found again after a crash, and ended."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.store.postgres import ClusterError
from appliance.store.postgres.binaries import Binaries
from appliance.store.postgres.layout import (
    APPLICATION,
    SUPERUSER,
    Layout,
    sync_folder,
    write_secret,
)
from appliance.store.postgres.owner import Owner

ENDING = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
"""How a server is asked to end, and for how many seconds each time: fast, at once, by force."""

SETTINGS = {
    "cluster_name": "carbonseed",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "60",
    # A small box: little memory, few cores, one disk.
    "shared_buffers": "128MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "jit": "off",
    # What was answered with 200 is on the disk.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "lc_messages": "C",
    # A file for each day of the week: a week of log, never more.
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "log_lock_waits": "on",
    "log_min_duration_statement": "2s",
    "log_parameter_max_length": "0",
}


@dataclass(frozen=True)
class Installation:
    """Everything that is needed to start the server."""

    layout: Layout
    binaries: Binaries
    owner: Owner
    passwords: Mapping[str, str]
    """By role."""
    overrides: Mapping[str, str]
    """Goes over SETTINGS."""

    @property
    def url(self) -> str:
        """How the appliance signs in."""
        return self.layout.url(APPLICATION, self.passwords[APPLICATION], APPLICATION)

    @property
    def superuser_url(self) -> str:
        """How the superuser signs in."""
        return self.layout.url(SUPERUSER, self.passwords[SUPERUSER], SUPERUSER)


def initialise(installation: Installation) -> None:
    """Make the data folder; a half-made one of an earlier try is thrown away."""
    layout, owner, binaries = installation.layout, installation.owner, installation.binaries
    unfinished = layout.folder / "data.new"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    owner.own(unfinished)
    password_file = layout.folder / "initdb.password"
    write_secret(password_file, installation.passwords[SUPERUSER])
    owner.own(password_file)
    builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    try:
        made = subprocess.run(
            [
                binaries.program("initdb"),
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth-local=scram-sha-256",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
                *(builtin if binaries.major >= 17 else ["--locale=C.UTF-8"]),
            ],
            check=False,
            capture_output=True,
            text=True,
            env=_environment(),
            **owner.identity,
        )
    finally:
        password_file.unlink()
    if made.returncode != 0:
        said = "\n".join((made.stdout + made.stderr).strip().splitlines()[-8:])
        raise ClusterError(f"PostgreSQL's data cannot be made in {layout.data}:\n{said}")
    unfinished.rename(layout.data)
    sync_folder(layout.folder)


def start(installation: Installation) -> subprocess.Popen[bytes]:
    """Start the server as our child, which ends when the calling thread does.

    In a session of its own no terminal's Ctrl-C reaches it: the appliance ends it, in its order.
    """
    layout, owner = installation.layout, installation.owner
    settings = {
        **SETTINGS,
        "unix_socket_directories": f'"{layout.sockets}"',
        "log_directory": str(layout.log),
        **installation.overrides,
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with_us = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    with layout.early_log.open("wb") as errors:
        return subprocess.Popen(
            [*with_us, installation.binaries.program("postgres"), "-D", layout.data, *options],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            env=_environment(),
            start_new_session=True,
            **owner.identity,
        )


def left_behind(layout: Layout) -> int | None:
    """Return the process of a server that still runs on the data, though its appliance is gone."""
    try:
        pid = int((layout.data / "postmaster.pid").read_text().split("\n", 1)[0])
        process = Path("/proc", str(pid))
        working_folder = (process / "cwd").readlink()
        name = (process / "comm").read_text().strip()
    except (OSError, ValueError):
        return None
    return pid if name == "postgres" and working_folder == layout.data else None


def end_left_behind(layout: Layout) -> None:
    """End such a server cleanly; more firmly if it does not listen."""
    pid = left_behind(layout)
    if pid is None:
        return
    for ask, seconds in ENDING:
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, ask)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if left_behind(layout) != pid:
                return
            time.sleep(0.05)
    raise ClusterError(f"An old PostgreSQL (process {pid}) still runs on {layout.data}: end it.")


def last_words(layout: Layout) -> str:
    """Return the last lines the server wrote: why it did not start."""
    said = layout.early_log.read_text(errors="replace")
    logs = sorted(layout.log.glob("*.log"), key=lambda log: log.stat().st_mtime)
    if logs and "redirecting log output" in said:
        with logs[-1].open("rb") as log:
            log.seek(max(0, logs[-1].stat().st_size - 4000))
            said = log.read().decode(errors="replace")
    return "\n".join(said.splitlines()[-6:])


def _environment() -> dict[str, str]:
    """Nothing of ours that PostgreSQL would take for a setting (PGDATA, PGPORT, LANG …)."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
