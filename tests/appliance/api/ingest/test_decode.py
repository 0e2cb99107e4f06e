"""Whatever is in a body, it is read or refused by naming the place."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api.ingest.decode import LARGEST_UPTIME_MS, decode, table
from appliance.errors import BadRequest, CarbonseedError
from tests.appliance.api.ingest.conftest import batch


def test_nulls_are_nan_and_uptimes_are_exact() -> None:
    big = int(LARGEST_UPTIME_MS)
    uptimes, values = table(decode(body(rows=[[0, 1, None], [big, 2.5, 3]], metrics=["a", "b"])))
    assert uptimes.dtype == np.int64
    assert uptimes.tolist() == [0, big]
    np.testing.assert_array_equal(values, [[1, 2.5], [np.nan, 3]])
    assert values.flags.c_contiguous


def test_no_rows_are_no_rows() -> None:
    uptimes, values = table(decode(body(rows=[], metrics=["a", "b"])))
    assert uptimes.shape == (0,)
    assert values.shape == (2, 0)


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([[1, 2], [1]], "rows[1]"),
        ([[], []], "rows[0]"),
        ([[1], [1]], "rows[0]"),
        ([[1, 2, 3], [1, 2, 3]], "rows[0]"),
        ([[1, 2, 3], [4]], "rows[0]"),  # as many numbers as two right rows have
        ([[1, 2], [None, 2]], "rows[1][0]"),
        ([[None, 2]], "rows[0][0]"),
        ([[1, 2], [0.5, 2]], "rows[1][0]"),
        ([[1, 2], [0, 2]], "rows[1][0]"),
        ([[-1, 2]], "rows[0][0]"),
        ([[2**53 + 2, 2]], "rows[0][0]"),
        ([[1, 2], [7, 2], [8, 2]], "rows[2][0]"),  # sent at 7
    ],
)
def test_a_wrong_row_is_named(rows: list[Any], place: str) -> None:
    sent_up = 7 if [7, 2] in rows else None
    with pytest.raises(BadRequest) as refused:
        table(decode(body(rows=rows, sent_up=sent_up)))
    assert f"`$.{place}`" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"v":1,"rows":[[1,NaN]]}', "$.rows[0][1]"),
        ('{"rows":[[1,2],[1,-Infinity]]}', "$.rows[1][1]"),
        ('{"rows":[[1, nan]]}', "$.rows[0][1]"),
        ('{"a":{"b]\\"":1,"c":Inf}}', "$.a.c"),
        ('{"a":[],"b":[{},{"c":+1}]}', "$.b[1].c"),
        ('{"v":01}', "$.v"),
        ('{"v":1 "w"', "$.v"),
    ],
)
def test_the_place_of_what_is_not_json_is_named(text: str, place: str) -> None:
    with pytest.raises(BadRequest) as refused:
        decode(text.encode())
    assert f"`{place}`" in str(refused.value)


@given(st.binary(max_size=300) | st.text('[]{},:"\\ntrufalse0123456789.eE+- NIy', max_size=60))
def test_no_bytes_are_answered_with_anything_but_a_refusal(raw: bytes | str) -> None:
    with pytest.raises(CarbonseedError):
        decode(raw if isinstance(raw, bytes) else raw.encode())


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(batch())), _json)
def test_any_member_may_be_anything(member: str, value: object) -> None:
    try:
        table(decode(body(**{member: value})))
    except CarbonseedError as error:
        assert error.status in {400, 413}


@given(st.lists(st.lists(st.none() | st.integers() | st.floats(allow_nan=False), max_size=3)))
def test_rows_are_taken_exactly_if_every_rule_holds(rows: list[list[float | None]]) -> None:
    finite = all(number is None or abs(number) < 1e308 for row in rows for number in row)
    uptimes = [row[0] if row else None for row in rows]
    fit = finite and all(
        len(row) == 2 and row[0] is not None and 0 <= row[0] <= 2**53 and row[0] == int(row[0])
        for row in rows
    )
    fit = fit and uptimes == sorted(uptimes)  # type: ignore[type-var]
    try:
        _, values = table(decode(body(rows=rows, sent_up=None)))
    except CarbonseedError:
        assert not fit
    else:
        assert fit
        assert values.shape == (1, len(rows))


def body(**members: object) -> bytes:
    return json.dumps(batch() | {"sent_up": None} | members).encode()
