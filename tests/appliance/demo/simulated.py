"""What a node of the demo would measure, by its own drivers: run with its folder in between.

    python simulated.py CONFIG START_MS BEGIN_MS STEP_MS ROWS FILE METRIC ...

FILE gets an array of doubles: a column for each metric, whether the machine ran, whether the
network was gone.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SOURCE = Path(__file__).parents[3] / "firmware" / "src"


class Measured(NamedTuple):
    """Rows of a node; values: one array for each metric."""

    times_ms: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    ran: NDArray[np.bool_]
    offline: NDArray[np.bool_]


class Wanted(NamedTuple):
    """start_ms: when the node starts, and its script with it."""

    start_ms: int
    begin_ms: int
    step_ms: int
    rows: int


def measure(
    folders: Sequence[Path], metrics: Sequence[Sequence[str]], wanted: Wanted
) -> list[Measured]:
    """The rows of these nodes, two processes at a time."""
    left = list(zip(folders, metrics, strict=True))
    while left:
        few, left = left[:2], left[2:]
        running = [_start(folder, names, wanted) for folder, names in few]
        for process in running:
            assert process.wait() == 0
    return [_read(folder, names, wanted) for folder, names in zip(folders, metrics, strict=True)]


def _start(folder: Path, names: Sequence[str], wanted: Wanted) -> "subprocess.Popen[bytes]":
    numbers = (str(number) for number in wanted)
    command = [sys.executable, __file__, str(folder / "config.json"), *numbers]
    return subprocess.Popen([*command, str(folder / "rows"), *names], cwd=SOURCE)


def _read(folder: Path, names: Sequence[str], wanted: Wanted) -> Measured:
    table = np.fromfile(folder / "rows").reshape(wanted.rows, -1)
    times = wanted.begin_ms + wanted.step_ms * np.arange(wanted.rows)
    values = {name: table[:, column].copy() for column, name in enumerate(names)}
    return Measured(times, values, table[:, -2] > 0, table[:, -1] > 0)


def main(config: str, *arguments: str) -> None:
    """Measure in this process: the firmware's modules are on its path alone."""
    sys.path.insert(0, str(SOURCE))
    from drivers.simulated import Sensor  # type: ignore[import-not-found]
    from drivers.simulated_machine import Machine  # type: ignore[import-not-found]

    start_ms, begin_ms, step_ms, rows = map(int, arguments[:4])
    file, names = arguments[4], arguments[5:]
    given = json.loads(Path(config).read_text())
    machine = Machine(given["simulation"], start_ms)
    specs = {one["metric"]: {"unit": "1"} | one for one in given["sensors"]}
    sensors = [Sensor(specs[name], machine, lambda: 0) for name in names]
    digits = [specs[name]["digits"] for name in names]
    table = np.empty((rows, len(names) + 2))
    for row in range(rows):
        at = begin_ms + row * step_ms
        for column, sensor in enumerate(sensors):
            value = sensor.at(at)
            table[row, column] = np.nan if value is None else round(value, digits[column])
        table[row, -2:] = machine.running(at), machine.offline(at)
    table.tofile(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
