"""The readers of other formats: whatever comes, points or a clear refusal, in reasonable time."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.api.ingest.line_protocol import PRECISIONS_NS, read_lines
from appliance.api.ingest.points import Point, gather
from appliance.api.ingest.senml import read_senml
from appliance.api.ingest.thingsboard import is_telemetry, read_telemetry
from appliance.errors import CarbonseedError
from appliance.model.ids import DeviceId, MetricId
from appliance.model.metric import Metric
from tests.appliance.plant import NOON_MS

UNITS = {"temperature": "Cel", "gas": "[ppm]", "furnace_heat": "kW"}
METRICS = {
    name: Metric(MetricId(number), name, unit, unit, name, 1)
    for number, (name, unit) in enumerate(UNITS.items(), 1)
}
Read = Callable[[bytes], list[Point]]


def lines(body: bytes, precision: str = "") -> list[Point]:
    return read_lines(body, METRICS, precision)


def senml(body: bytes) -> list[Point]:
    return read_senml(body, NOON_MS)


READERS = pytest.mark.parametrize("read", [lines, senml, read_telemetry])


def taken(read: Read, body: bytes) -> bool:
    """Whether a body is taken; it must be refused in words if not, and be storable if so."""
    try:
        batch = gather(read(body), METRICS, DeviceId(1), NOON_MS)
    except CarbonseedError as error:
        assert error.status in (400, 413, 422)
        assert str(error)
        return False
    assert batch.values.shape == (len(batch.metric_ids), len(batch.times_ms))
    assert (batch.times_ms[1:] > batch.times_ms[:-1]).all()
    return True


numbers = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**400, 2**63, -(2**63), 2**53 + 1, 1e308])
)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=8))
names = st.one_of(
    st.sampled_from([*UNITS, "ts", "values", "bn", "n", "v", "x_"]), st.text(max_size=4)
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)
telemetry = st.one_of(
    st.dictionaries(names, scalars, max_size=4),
    st.fixed_dictionaries({"ts": scalars, "values": st.dictionaries(names, scalars, max_size=3)}),
)
fields = {"bn": names, "n": names, "u": st.sampled_from(["Cel", "K", "Pa", "", "ppm"])}
fields |= dict.fromkeys(("bt", "bv", "bs", "bver", "v", "s", "t"), numbers)
records = st.fixed_dictionaries({}, optional=fields | {"vb": st.booleans(), "vs": st.text()})
pieces = st.sampled_from(
    [
        *(*UNITS, "furnace", "heat", "value", "unit", "[degF]"),
        *(",", "=", " ", "\\", '"', "\n", "\r", "#", "\0", "é"),
        *("1", "-1.5", "1i", "2u", "t", "nan", "inf", "1e999", "9" * 19, "9" * 5000),
    ]
)


@READERS
@settings(max_examples=300)
@given(body=st.binary(max_size=60))
@example(b"[" * 60_000)
@example(b'{"a":' * 30_000)
@example(b"1" * 200_000)
@example(b'{"ts":' + b"9" * 5000 + b',"values":{}}')
@example(b'{"gas":' + b"9" * 5000 + b"}")
@example(b'[{"n":"gas","v":1,"t":' + b"9" * 500 + b"}]")
@example(b"\\" * 200_000)
@example(b"a" + b",b=c" * 60_000)
@example(b"a" + b",b" * 100_000)
@example(b"a " + b"b=1," * 60_000)
@example(b"a b=1" + b" " * 200_000 + b"x")
@example(b" " * 250_000)
def test_any_bytes_are_taken_or_refused_in_words(read: Read, body: bytes) -> None:
    taken(read, body)


@READERS
@settings(max_examples=300)
@given(told=st.one_of(anything, telemetry, st.lists(telemetry), st.lists(records)))
def test_any_json_is_taken_or_refused_in_words(read: Read, told: Any) -> None:
    taken(read, json.dumps(told).encode())
    is_telemetry(json.dumps(told).encode())


@settings(max_examples=500)
@given(
    text=st.lists(pieces, max_size=14).map("".join), precision=st.sampled_from(list(PRECISIONS_NS))
)
def test_anything_like_lines_is_taken_or_refused_in_words(text: str, precision: str) -> None:
    taken(lambda body: lines(body, precision), text.encode())


@given(
    st.text(),
    st.text(),
    st.text(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(0, 4 * 10**12),
)
def test_what_a_client_escapes_is_read_back(
    measurement: str, tag: str, value: str, number: float, time_ms: int
) -> None:
    told = (measurement, tag, value)
    if any(not text or text.startswith("#") or set(text) & set('\n\r\t\\ ,="') for text in told):
        plain = f"furnace heat={number!r} {time_ms}"
    else:
        plain = f"furnace,{tag}={value} heat={number!r} {time_ms}"
    found = lines(plain.encode(), "ms")
    unit = value if plain.count("=") == 2 and tag == "unit" else None
    assert found == [Point("line 1", "furnace_heat", number, unit, time_ms)]


@pytest.mark.parametrize(
    ("line", "metric"),
    [
        ("furnace heat=1", "furnace_heat"),
        ("furnace temperature=1", "temperature"),
        ("gas value=1", "gas"),
        ("gas temperature=1", "temperature"),
        ("furnace value=1", "furnace_value"),
        (r"fur\ nace heat=1", "fur nace_heat"),
        (r"fur\,nace he\=at=1", "fur,nace_he=at"),
        (r"fur\nace heat=1", r"fur\nace_heat"),
        (r"fur\\ nace heat=1", r"fur\ nace_heat"),
        ("fur=nace heat=1", "fur=nace_heat"),
        ("  gas   value=1   ", "gas"),
    ],
)
def test_a_field_is_found_by_its_names(line: str, metric: str) -> None:
    assert [point.metric for point in lines(line.encode())] == [metric]


@pytest.mark.parametrize(
    ("precision", "told"),
    [("", 10**6), ("ns", 10**6), ("n", 10**6), ("us", 10**3), ("u", 10**3), ("ms", 1)],
)
def test_a_time_is_told_in_the_precision_asked_for(precision: str, told: int) -> None:
    (point,) = lines(b"gas value=1 %d" % (NOON_MS * told + told - 1), precision)
    assert point.time_ms == NOON_MS


def test_a_time_before_1970_is_cut_as_any_other() -> None:
    assert [point.time_ms for point in lines(b"gas value=1 -1\ngas value=1 -1000001")] == [-1, -2]


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("temperature", "temperature"),
        ("urn:dev:ow:10e2:temperature", "temperature"),
        ("north/furnace/gas", "gas"),
        ("north.gas", "gas"),
        ("gas/", ""),
        ("", ""),
    ],
)
def test_the_last_part_of_a_name_is_the_metric(name: str, metric: str) -> None:
    assert [point.metric for point in senml(json.dumps([{"n": name, "v": 1}]).encode())] == [metric]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"temperature": 1}', True),
        (b"[]", True),
        (b'[{"epoch": 1}]', True),
        (b"{}", False),
        (b"17", False),
        (b'{"v": 2}', False),
        (b'{"epoch": "x", "temperature": 1}', False),
        (b'{"temperature": NaN}', False),
    ],
)
def test_telemetry_is_told_from_a_batch_that_is_wrong(body: bytes, expected: bool) -> None:
    assert is_telemetry(body) is expected
