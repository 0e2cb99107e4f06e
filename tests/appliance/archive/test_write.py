"""Whatever is written comes back to the last bit, in the form that is promised."""

import math
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.archive import columns, prove, rollups, write
from appliance.archive.layout import Place, generation_of, path_of
from appliance.archive.prove import NotAsWritten
from appliance.archive.write import write_readings
from appliance.model.ids import DeviceId, FactoryId, MetricId
from appliance.model.sealed import FileKind, Readings, SealedFile

DAY = date(2026, 11, 20)
START_MS = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1000)
PLACE = Place(FactoryId(1), MetricId(1), "temperature", DAY, DAY, 7)

quantised = st.builds(lambda n, digits: n / 10**digits, st.integers(-(10**7), 10**7), st.just(2))
numbers = st.one_of(quantised, st.floats(allow_nan=False), st.just(math.nan))


def readings(values: list[float], first_row: int = 0, step_ms: int = 10_000) -> Readings:
    count = len(values)
    return Readings(
        START_MS + step_ms * np.arange(count),
        np.array(values, np.float64),
        np.full(count, -5, np.int64),
        np.arange(first_row, first_row + count),
        np.zeros(count, np.int16),
    )


def sealed(root: Path, *devices: Readings) -> dict[FileKind, SealedFile]:
    made = [(DeviceId(n), f"node {n}", rows) for n, rows in enumerate(devices, 1)]
    now = datetime(2026, 11, 21, tzinfo=UTC)
    return {file.kind: file for file in write_readings(root, PLACE, made, now)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.one_of(st.lists(quantised), st.lists(numbers)), min_size=1, max_size=3))
def test_readings_come_back_bit_by_bit(tmp_path: Path, devices: list[list[float]]) -> None:
    written = [readings(values) for values in devices]
    files = sealed(tmp_path, *written)
    if not any(devices):
        assert files == {}
        return
    file = files[FileKind.READINGS]
    table = pq.read_table(tmp_path / file.path, partitioning=None)
    found = columns.to_readings(table)
    for column, parts in zip(found, zip(*written, strict=True), strict=True):
        expected = np.concatenate(parts)
        assert column.dtype == expected.dtype
        same = column == expected
        assert (same | (column != column) & (expected != expected)).all()
    assert file.rows == table.num_rows == sum(map(len, devices))
    assert [group.rows for group in file.groups] == [len(one) for one in devices if one]
    counts = [rollups.minutes(one.times_ms, one.values).counts for one in written]
    assert (FileKind.HOUR in files) is any(map(len, counts))
    assert (FileKind.MINUTE in files) is any(len(one) and one.mean() >= 3 for one in counts)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1.0, -2.0, math.nan], 0),
        ([0.1, 0.25], 2),
        ([0.1 + 0.2], None),
        ([1e-6, 123456.654321], 6),
        ([1e300], None),
        ([math.inf], None),
        ([float(2**53)], None),
        ([math.nan], 0),
    ],
)
def test_values_are_decimals_of_the_least_scale_or_doubles(
    tmp_path: Path, values: list[float], scale: int | None
) -> None:
    # The second device needs more digits than the first: the file is written once more.
    file = sealed(tmp_path, readings([1.0, 2.0]), readings(values))[FileKind.READINGS]
    assert file.scale == scale
    type_ = pq.read_schema(tmp_path / file.path).field("value").type
    assert str(type_) == ("double" if scale is None else f"decimal128(18, {scale})")


def test_row_groups_hold_one_device_and_files_carry_what_readers_need(tmp_path: Path) -> None:
    many = readings(np.round(np.arange(300_000) / 10, 1).tolist(), step_ms=200)
    file = sealed(tmp_path, many, readings([5.0]))[FileKind.READINGS]
    assert [(group.device_id, group.rows) for group in file.groups] == [
        *[(1, 131_072)] * 2,
        (1, 37_856),
        (2, 1),
    ]
    metadata = pq.read_metadata(tmp_path / file.path)
    assert metadata.num_row_groups == 4
    time = metadata.row_group(0).column(2)
    assert "DELTA_BINARY_PACKED" in time.encodings
    assert time.statistics.has_min_max
    assert time.compression == "ZSTD"
    schema = pq.read_schema(tmp_path / file.path)
    assert [f"{field.name} {field.type}" for field in schema] == [
        "device_id int32",
        "device string",
        "time timestamp[ms, tz=UTC]",
        "value decimal128(18, 1)",
        "epoch int64",
        "row_number int64",
        "quality int16",
    ]


def test_a_row_group_ends_with_its_day_once_it_is_long_enough(tmp_path: Path) -> None:
    """START_MS is a midnight."""
    seconds = readings([1.0] * 200_000, step_ms=1000)
    slow = readings([2.0] * 100_000, step_ms=10_000)
    file = sealed(tmp_path, seconds, slow)[FileKind.READINGS]
    assert [(group.device_id, group.rows) for group in file.groups] == [
        *[(1, 86_400)] * 2,
        (1, 27_200),
        (2, 86_400),
        (2, 13_600),
    ]


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 7_200_000), numbers), max_size=60))
def test_roll_ups_add_in_the_order_of_time(told: list[tuple[int, float]]) -> None:
    told = sorted(told, key=lambda one: one[0])
    times = np.array([START_MS + at for at, _ in told], np.int64)
    minute = rollups.minutes(times, np.array([value for _, value in told], np.float64))
    expected: dict[int, list[float]] = {}
    for (_, value), at in zip(told, times.tolist(), strict=True):
        if not math.isnan(value):
            expected.setdefault(at - at % 60_000, []).append(value)
    assert minute.times_ms.tolist() == list(expected)
    for n, values in enumerate(expected.values()):
        total = squares = 0.0
        for value in values:
            total += value
            squares += value * value
        assert (minute.counts[n], minute.minima[n], minute.maxima[n]) == (
            len(values),
            min(values),
            max(values),
        )
        assert (minute.firsts[n], minute.lasts[n]) == (values[0], values[-1])
        assert minute.sums[n] == total or math.isnan(total)
        assert minute.sums_squares[n] == squares
    hour = rollups.hours(minute)
    sums: dict[int, float] = {}
    for at, total in zip(minute.times_ms.tolist(), minute.sums.tolist(), strict=True):
        sums[at - at % 3_600_000] = sums.get(at - at % 3_600_000, 0.0) + total
    assert hour.times_ms.tolist() == list(sums)
    assert np.array_equal(hour.sums, list(sums.values()), equal_nan=True)
    assert hour.counts.sum() == minute.counts.sum()


@pytest.mark.parametrize("minutes", [1, 2, 3, 60])
@pytest.mark.parametrize("each", [1, 7, 60, 600])
def test_minutes_of_one_length_add_in_the_order_of_time_too(minutes: int, each: int) -> None:
    values = np.random.default_rng(each).normal(1e6, 1e3, minutes * each)
    times = START_MS + np.repeat(np.arange(minutes) * 60_000, each)
    expected = [0.0] * minutes
    for at, value in zip(
        np.repeat(np.arange(minutes), each).tolist(), values.tolist(), strict=True
    ):
        expected[at] += value
    assert rollups.minutes(times, values).sums.tolist() == expected


def test_of_slow_devices_the_minutes_are_not_written_unless_wanted(tmp_path: Path) -> None:
    slow, fast = readings([1.0] * 60, step_ms=25_000), readings([2.0] * 60, step_ms=15_000)
    files = sealed(tmp_path / "some", slow, fast)
    assert [group.device_id for group in files[FileKind.MINUTE].groups] == [2]
    assert [group.device_id for group in files[FileKind.HOUR].groups] == [1, 2]
    assert FileKind.MINUTE not in sealed(tmp_path / "none", slow)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    devices = [(DeviceId(1), "node 1", slow)]
    all_of_them = write_readings(tmp_path / "all", PLACE, devices, now, all_minutes=True)
    assert FileKind.MINUTE in {file.kind for file in all_of_them}


def test_a_file_that_is_not_what_was_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = prove.prove

    def after_damage(path: Path, *rest: object) -> object:
        table = pq.read_table(path, partitioning=None)
        swapped = table.take([1, 0, *range(2, table.num_rows)])
        pq.write_table(swapped, path, store_decimal_as_integer=True)
        return original(path, *rest)

    monkeypatch.setattr(write, "prove", after_damage)
    with pytest.raises(NotAsWritten, match="row group 0 differs"):
        sealed(tmp_path, readings([1.5, 2.5, 3.5]))


def test_paths_are_known_again() -> None:
    path = path_of(FileKind.MINUTE, PLACE)
    assert path == "rollups/minute/factory=1/metric=temperature/month=2026-11/2026-11-20-7.parquet"
    assert generation_of(path) == generation_of(path + ".tmp") == 7
    month = Place(FactoryId(1), MetricId(1), "gas", date(2026, 11, 1), date(2026, 11, 30), 12)
    path = path_of(FileKind.READINGS, month)
    assert path == "readings/factory=1/metric=gas/month=2026-11/2026-11-12.parquet"
    assert generation_of(path) == 12
    assert generation_of("../" + path) is None
    assert generation_of("readings/notes.txt") is None
