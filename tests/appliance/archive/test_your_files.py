"""Every query of docs/your-files.md as it stands there, over files of one metric of both kinds."""

import importlib.util
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.archive import manifest
from appliance.archive.layout import Place
from appliance.archive.write import write_readings
from appliance.model.ids import DeviceId, FactoryId, MetricId
from appliance.model.sealed import FileState, ManifestFile, Readings, SealedFile

DOCS = Path(__file__).parents[3] / "docs" / "your-files.md"
SINCE_MS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 86_400_000


def documented() -> dict[str, str]:
    """The code under each heading; under none: the list of files."""
    found, heading = {}, ""
    for line, code in re.findall(
        r"^## ([^\n]+)$|```python\n(.*?)```", DOCS.read_text(), re.M | re.S
    ):
        heading = line or heading
        if code:
            found[heading] = code
    return found


class _Archive:
    """Days before and after the asked time; the double file is replaced once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.expected: dict[int, list[float]] = {}
        self._files: list[ManifestFile] = []
        self._random = np.random.default_rng(2)

    def add(self, day: int, digits: int | None, *, generation: int = 1, live: bool = True) -> None:
        begin_ms = SINCE_MS + day * DAY_MS
        first = datetime.fromtimestamp(begin_ms / 1000, UTC).date()
        place = Place(FactoryId(1), MetricId(1), "temperature", first, first, generation)
        devices = [
            (DeviceId(number), f"node {number}", self._readings(begin_ms, digits))
            for number in (1, 2)
        ]
        sealed = write_readings(self.root, place, devices, datetime.now(UTC))
        assert sealed[0].scale == digits
        self._files += [_entry(file, live=live) for file in sealed]
        manifest.save(self.root, self._files)
        if live and day >= 0:
            for device_id, _, readings in devices:
                values = readings.values[~np.isnan(readings.values)]
                self.expected.setdefault(device_id, []).extend(values.tolist())

    def _readings(self, begin_ms: int, digits: int | None) -> Readings:
        number = 500
        values = self._random.normal(20, 3, number)
        if digits is not None:
            values = np.round(values, digits)
        values[::20] = np.nan
        return Readings(
            begin_ms + np.arange(number) * 60_000,
            values,
            np.full(number, 7),
            np.arange(number),
            np.zeros(number, np.int16),
        )


def _entry(file: SealedFile, *, live: bool) -> ManifestFile:
    known = {name: getattr(file, name) for name in file.__struct_fields__ if name != "groups"}
    return ManifestFile(
        **known,
        id=0,
        metric="temperature",
        state=FileState.LIVE if live else FileState.REPLACED,
        reason="",
        changed_at=file.sealed_at,
    )


def missing(heading: str) -> str:
    """What is not here to run the code under a heading."""
    needed = {"PySpark": ("pyspark",)}.get(heading, ())
    gone = [name for name in needed if importlib.util.find_spec(name) is None]
    return ", ".join([*gone, *(["java"] if needed and not shutil.which("java") else [])])


@pytest.mark.parametrize("heading", ["DuckDB", "Polars", "pandas", "PySpark"])
def test_the_query_runs_as_it_is_written_and_answers_right(tmp_path: Path, heading: str) -> None:
    if gone := missing(heading):
        pytest.skip(f"docs/your-files.md, {heading}: NOT RUN, this machine lacks {gone}")
    archive = _Archive(tmp_path)
    archive.add(-1, 2)
    archive.add(0, 2)
    archive.add(1, None, generation=1, live=False)
    archive.add(1, None, generation=2)
    archive.add(2, 1)
    code = documented()
    inside: dict[str, Any] = {"ARCHIVE": str(tmp_path)}
    exec(code[""], inside)
    assert len(inside["files"]) == 4
    exec(code[heading], inside)
    answer = inside["answer"]
    assert [row[0] for row in answer] == [1, 2]
    for device_id, count, least, greatest, mean in answer:
        values = archive.expected[device_id]
        assert (count, least, greatest) == (len(values), min(values), max(values))
        assert mean == pytest.approx(np.mean(values), rel=1e-12)


def test_every_query_is_tried() -> None:
    assert set(documented()) == {"", "DuckDB", "Polars", "pandas", "PySpark"}
