"""Which system user the server runs as: root steps down, everyone else stays who they are."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from appliance.store.postgres import ClusterError

SYSTEM_USER = "carbonseed"
USERADD = [
    *("useradd", "--system", "--user-group", "--no-create-home"),
    *("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"),
]


class Identity(TypedDict, total=False):
    """What `subprocess` needs to start a program as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Owner:
    """A user of this machine that owns the data and runs the server."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """The user's name."""
        return user_name(self.uid)

    @property
    def identity(self) -> Identity:
        """Keyword arguments that make `subprocess` run a program as this user."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.uid != os.geteuid():
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def may_enter(self, folder: Path) -> bool:
        """Whether this user can reach the folder through all of its parents."""
        return subprocess.run(["test", "-x", folder], check=False, **self.identity).returncode == 0


def user_name(uid: int) -> str:
    """Return a user's name, or the number where this machine has no name for it."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def find(data: Path) -> Owner:
    """Return who owns the data or, for data still to be made, who shall; root never does."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    if data.exists() and (kept := data.stat()).st_uid != 0:
        return Owner(kept.st_uid, kept.st_gid)
    try:
        user = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _create_system_user()
        user = pwd.getpwnam(SYSTEM_USER)
    return Owner(user.pw_uid, user.pw_gid)


def _create_system_user() -> None:
    try:
        made = subprocess.run([*USERADD, SYSTEM_USER], check=False, capture_output=True, text=True)
    except FileNotFoundError:
        problem = "this machine has no useradd"
    else:
        problem = made.stderr.strip()
        if made.returncode == 0:
            return
    raise ClusterError(
        f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} cannot be made: "
        f"{problem}. Make that user, or start the appliance as an ordinary user."
    )
