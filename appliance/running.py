"""The note an appliance leaves in its data folder while it runs: its process and its ports."""

import os
from pathlib import Path

import msgspec


class Running(msgspec.Struct, frozen=True):
    """Which process runs on the data, and where it listens."""

    pid: int
    host: str
    people_port: int
    device_port: int
    http_port: int | None


def write_running(file: Path, running: Running) -> None:
    """Leave the note."""
    draft = file.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode(running))
    draft.replace(file)


def remove_running(file: Path, running: Running) -> None:
    """Take the note away, unless it is another process's by now."""
    if read_running(file) == running:
        file.unlink()


def read_running(file: Path) -> Running | None:
    """The note, if there is one and its process still lives."""
    try:
        running = msgspec.json.decode(file.read_bytes(), type=Running)
        os.kill(running.pid, 0)
    except (FileNotFoundError, ProcessLookupError, msgspec.DecodeError):
        return None
    except PermissionError as error:
        if error.filename is not None:  # the file's; a process of somebody else's lives
            raise
    return running
