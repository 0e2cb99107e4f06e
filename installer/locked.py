#!/usr/bin/env python3
"""Prints the part of requirements.lock that some extras or groups of pyproject.toml need.

Usage: locked.py EXTRA…, with pip in the Python that runs it. The lock holds everything of every
extra; pip is asked, without installing, which of it these need, and its hashes come along.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ENTRY = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)
NAME = re.compile(r"[A-Za-z0-9._-]+")


def main(parts: list[str]) -> None:
    """Print the entries of the lock that `parts` need, on this Python and machine."""
    project = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
    known = project["project"]["optional-dependencies"] | project["dependency-groups"]
    wanted = [line for part in parts for line in known[part]]
    if set(parts) & set(project["project"]["optional-dependencies"]):
        wanted += project["project"]["dependencies"]
    entries = [
        entry
        for entry in ENTRY.split(Path("requirements.lock").read_text("utf-8"))
        if NAME.match(entry)
    ]
    names = needed(wanted, [entry.split(" \\\n")[0] for entry in entries])
    sys.stdout.writelines(entry for entry in entries if canonical(entry) in names)


def needed(wanted: list[str], pinned: list[str]) -> set[str]:
    """The packages that `wanted` comes down to at the pinned versions."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write("\n".join(pinned))
        constraints.flush()
        asked = ("install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-")
        told = subprocess.run(
            [sys.executable, "-m", "pip", *asked, "-c", constraints.name, *wanted],
            check=True,
            stdout=subprocess.PIPE,
        )
    return {canonical(found["metadata"]["name"]) for found in json.loads(told.stdout)["install"]}


def canonical(entry: str) -> str:
    """The name an entry or a requirement begins with, as the lock writes it."""
    named = NAME.match(entry)
    return re.sub(r"[-_.]+", "-", named[0]).lower() if named else ""


if __name__ == "__main__":
    main(sys.argv[1:])
