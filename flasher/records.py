"""What remains of a shift: a log of each board as JSON lines, and one CSV of all; never a key."""

import csv
import re
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from flasher.console import redacted
from flasher.events import Progress
from flasher.line import Happening, Lane, Passed, Plugged, Shift, State, advance

COLUMNS = (
    "finished_at", "result", "port", "device_id", "device", "mac", "board", "seconds",
    "kilobytes_per_second", "words",
)  # fmt: skip


class Records:
    """The folder of a shift's records, and its counts; times are UTC. For several threads."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._clock = clock
        self._logs: dict[str, Path] = {}
        self._lock = threading.Lock()
        self.shift = Shift()
        self.csv = folder / f"shift-{clock():%Y-%m-%dT%H%M%SZ}.csv"

    def take(self, port: str, event: Happening) -> tuple[Lane, bool]:
        """Keep what happened on a port; its lane now, and whether that was the verdict."""
        now = self._clock()
        with self._lock:
            before = self.shift.lanes.get(port)
            self.shift = advance(self.shift, port, event, now.timestamp())
            lane = self.shift.lanes[port]
            self._log(port, event, now)
            ended = before is not None and before.state is State.BUSY is not lane.state
            if ended:
                self._row(lane, now, event.device_id if isinstance(event, Passed) else "")
        return lane, ended

    def _log(self, port: str, event: Happening, now: datetime) -> None:
        """A line in the log of the board on this port; a new board begins a new log."""
        if isinstance(event, Plugged):
            short = re.sub(r"\W+", "-", port).strip("-")
            self._logs[port] = self._folder / f"board-{now:%Y-%m-%dT%H%M%SZ}-{short}.jsonl"
        if port in self._logs and not isinstance(event, Progress):
            told = {"at": now, "port": port, **msgspec.to_builtins(event)}
            with self._logs[port].open("a", encoding="utf-8") as out:
                out.write(redacted(msgspec.json.encode(told).decode()) + "\n")

    def _row(self, lane: Lane, now: datetime, device_id: int | str) -> None:
        row = {
            "finished_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "result": lane.state.value,
            "port": lane.port,
            "device_id": device_id,
            "device": _cell(lane.device),
            "mac": lane.mac,
            "board": lane.board,
            "seconds": f"{lane.seconds(lane.ended):.1f}",
            "kilobytes_per_second": f"{lane.kilobytes_per_second:.0f}",
            "words": "" if lane.state is State.PASS else _cell(redacted(lane.words)),
        }
        fresh = not self.csv.exists()
        with self.csv.open("a", newline="", encoding="utf-8") as out:
            table = csv.DictWriter(out, COLUMNS)
            if fresh:
                table.writeheader()
            table.writerow(row)


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
