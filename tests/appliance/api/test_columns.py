"""The binary form of chart data, read with the readers that docs/api.md gives."""

import asyncio
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from appliance.api.columns import MEDIA_TYPE, encode
from appliance.model.user import Role
from tests.appliance.conftest import SignIn
from tests.appliance.plant import NOON_MS, Plant

API = Path(__file__).parents[3] / "docs" / "api.md"
NODE = shutil.which("node")


def documented(language: str) -> str:
    [code] = re.findall(rf"```{language}\n(.*?)```", API.read_text(), re.DOTALL)
    return code


def read(data: bytes) -> tuple[dict[str, Any], list[np.ndarray]]:
    """With the documented reader."""
    inside: dict[str, Any] = {}
    exec(documented("python"), inside)
    return inside["read_columns"](data)


@pytest.fixture
async def asked(plant: Plant) -> dict[str, Any]:
    device_id = await plant.device("Öfen 1")
    times = [NOON_MS + 1000 * n for n in range(7)]
    await plant.send(device_id, times, {"temperature": [0.1 * n for n in range(7)]})
    await plant.send(device_id, times[:3], {"gas": [1.5, float("nan"), 2.5]}, epoch=2)
    return {
        "series": f"{device_id}:temperature,{device_id}:gas",
        "from": NOON_MS,
        "to": NOON_MS + 10_000,
    }


async def test_columns_hold_what_json_holds_to_the_last_bit(
    asked: dict[str, Any], sign_in: SignIn
) -> None:
    operator = await sign_in(Role.OPERATOR)
    for more in ({}, {"points": 2}):
        told = await (await operator.get("/data/chart", query_string=asked | more)).get_json()
        response = await operator.get(
            "/data/chart", query_string=asked | more, headers={"Accept": MEDIA_TYPE}
        )
        assert response.content_type == MEDIA_TYPE
        head, columns = read(await response.get_data())
        assert columns.pop(0).tolist() == told.pop("times")
        named = head.pop("columns")[1:]
        for series in told["series"]:
            for name, column in series.pop("columns").items():
                entry = named.pop(0)
                expected = np.array([np.nan if one is None else one for one in column], float)
                np.testing.assert_array_equal(columns.pop(0), expected)
                assert (entry["name"], entry["type"]) == (name, "float64")
        assert (named, columns) == ([], [])
        assert head == told


async def test_values_may_be_narrow_and_series_may_be_columns(
    asked: dict[str, Any], sign_in: SignIn
) -> None:
    operator = await sign_in(Role.OPERATOR)
    device_id = asked.pop("series").split(":")[0]
    one = asked | {"device_id": device_id, "metric": "temperature", "format": "columns"}
    wide = await (await operator.get("/data/series", query_string=one)).get_data()
    one["values"] = "float32"
    narrow = await (await operator.get("/data/series", query_string=one)).get_data()
    assert read(wide)[1][1].tolist() == [0.1 * n for n in range(7)]
    assert read(narrow)[1][1].tolist() == np.arange(7).__mul__(0.1).astype(np.float32).tolist()
    assert read(narrow)[1][0].tolist() == read(wide)[1][0].tolist()
    head = read(wide)[0]
    assert (head["device"], head["unit_label"], head["gaps"]) == ("Öfen 1", "°C", [])


@pytest.mark.skipif(NODE is None, reason="there is no Node on this machine to run JavaScript")
async def test_the_reader_in_javascript_reads_the_same(
    asked: dict[str, Any], sign_in: SignIn, tmp_path: Path
) -> None:
    operator = await sign_in(Role.OPERATOR)
    response = await operator.get("/data/chart", query_string=asked | {"format": "columns"})
    data = await response.get_data()
    (tmp_path / "data").write_bytes(data)
    script = tmp_path / "read.mjs"
    script.write_text(
        documented("js")
        + "import { readFileSync } from 'node:fs';\n"
        + f"const bytes = readFileSync({json.dumps(str(tmp_path / 'data'))});\n"
        + "const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);\n"
        + "const { head, columns } = readColumns(buffer);\n"
        + "console.log(JSON.stringify([head, columns.map((one) => [...one])]));\n"
    )
    told = await asyncio.to_thread(
        subprocess.run, [str(NODE), str(script)], capture_output=True, check=True, text=True
    )
    head, columns = json.loads(told.stdout)
    expected, arrays = read(data)
    assert head == expected
    for one, other in zip(columns, arrays, strict=True):
        got = np.array([np.nan if value is None else value for value in one], float)
        np.testing.assert_array_equal(got, other)


def test_every_column_begins_at_a_multiple_of_eight() -> None:
    for length in range(9):
        name = "x" * length
        times, column = np.arange(3), np.arange(3.0)
        data = encode({"name": name}, times, [{"a": column, "count": times}], "float32")
        head, columns = read(data)
        assert head["name"] == name
        assert [one.tolist() for one in columns] == [[0, 1, 2]] * 3
        base = int.from_bytes(data[12:16], "little")
        assert base % 8 == 0
        assert all(one["place"] % 8 == 0 for one in head["columns"])
        assert len(data) == base + 24 + 16 + 24


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"series": ""}, 400),
        ({"series": "1"}, 400),
        ({"series": "1:gas,"}, 400),
        ({"series": "0:gas"}, 400),
        ({"series": "99999999999:gas"}, 400),
        ({"series": ",".join(["1:gas"] * 17)}, 400),
        ({"series": "1:aura"}, 404),
        ({"series": "1:gas' or 1=1"}, 404),
        ({"values": "float16"}, 400),
        ({"format": "xml"}, 400),
    ],
)
async def test_a_chart_that_makes_no_sense_is_refused(
    asked: dict[str, Any], sign_in: SignIn, wrong: dict[str, Any], status: int
) -> None:
    operator = await sign_in(Role.OPERATOR)
    response = await operator.get("/data/chart", query_string=asked | wrong)
    assert response.status_code == status
    assert (await response.get_json())["detail"]
