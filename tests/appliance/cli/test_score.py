"""`carbonseed score` as its users meet it: files as they come, errors that name the line."""

import csv
import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from appliance.analytics.anomaly import Detector
from appliance.cli import run

START = datetime(2026, 3, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)


def readings(number: int) -> list[tuple[str, str]]:
    values = np.random.default_rng(0).normal(50, 1, number)
    values[number - 20] = 90
    return [
        ((START + i * STEP).strftime("%Y-%m-%d %H:%M:%S"), f"{value:.3f}")
        for i, value in enumerate(values)
    ]


def written(path: Path, rows: list[tuple[str, str]], header: str = "timestamp,value") -> Path:
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    return path


def scores(text: str) -> list[float]:
    return [float(row["score"]) for row in csv.DictReader(io.StringIO(text))]


@pytest.fixture
def score(capsys):
    """Score files; exit code, stdout and stderr."""

    def do(*arguments: object) -> tuple[int, str, str]:
        code = run(["score", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return do


def test_each_row_comes_back_with_the_detectors_score(score, tmp_path) -> None:
    rows = readings(3000)
    code, out, err = score(written(tmp_path / "in.csv", rows))
    assert (code, err) == (0, "3000 rows, 1 alarms\n")
    back = list(csv.DictReader(io.StringIO(out)))
    assert [(row["timestamp"], row["value"]) for row in back] == rows
    times = [round((START + i * STEP).timestamp() * 1000) for i in range(3000)]
    expected = Detector().score(times, [float(value) for _, value in rows])
    np.testing.assert_allclose(scores(out), expected, rtol=1e-8)
    assert np.flatnonzero(np.array(scores(out)) >= 0.5).tolist() == [2980]


def test_rows_that_follow_change_no_score(score, tmp_path) -> None:
    rows = readings(2500)
    _, whole, _ = score(written(tmp_path / "whole.csv", rows))
    _, part, _ = score(written(tmp_path / "part.csv", rows[:1300]))
    assert whole.startswith(part)


def test_headers_endings_and_columns_of_all_kinds_are_read_alike(score, tmp_path) -> None:
    plain = readings(1500)
    _, expected, _ = score(written(tmp_path / "plain.csv", plain))
    line = "\r\n"
    odd = {
        "dos": "timestamp,value\r\n" + line.join(",".join(row) for row in plain),
        "bom": "\ufeffTimestamp;VALUE\n" + "\n".join(";".join(row) for row in plain),
        "none": "\n".join(",".join(row) for row in plain),
        "more": 'id,"value", time\n' + "\n".join(f'7,"{v}", {t}' for t, v in plain),
        "blank": "\n\ntimestamp,value\n\n" + "\n\n".join(",".join(row) for row in plain) + "\n\n",
    }
    for name, text in odd.items():
        path = tmp_path / f"{name}.csv"
        path.write_bytes(text.encode())
        code, out, _ = score(path)
        assert code == 0, name
        assert scores(out) == scores(expected), name


@pytest.mark.parametrize(
    "time", ["2026-03-01T00:00:00Z", "2026-03-01 03:00:00+03:00", "1772323200", "1772323200000"]
)
def test_times_of_all_kinds_mean_the_same(time: str) -> None:
    from appliance.cli.score import _time_ms

    assert _time_ms(time) == 1_772_323_200_000


def test_gaps_repeated_and_backward_times_and_empty_cells_are_taken(score, tmp_path) -> None:
    rows = readings(1500)
    rows[700] = (rows[700][0], "")
    rows[701] = (rows[700][0], "nan")
    rows[702] = (rows[100][0], rows[702][1])
    del rows[900:1000]
    code, out, err = score(written(tmp_path / "in.csv", rows))
    assert (code, err.split(",")[0]) == (0, "1400 rows")
    assert scores(out)[700:702] == [0, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timestamp,value\n2026-01-01,1\n2026-01-02,abc\n", "line 3: 'abc' is no number"),
        ("timestamp,value\n2026-01-01,inf\n", "line 2: 'inf' is no number"),
        ("timestamp,value\nyesterday,1\n", "line 2: 'yesterday' is no time such as"),
        ("timestamp,value\n2026-01-01,1\n\n2026-01-02\n", "line 4: 1 columns where"),
        ("2026-01-01,1\nx,2\n", "line 2: 'x' is no time"),
        ("when,what\n2026-01-01,1\n", "line 1: neither a header"),
        ("", "line 1: neither a header"),
        ("timestamp,value\n2026-01-01,\xff\n", "line 2: '\ufffd' is no number"),
        ("timestamp,value\n1e30,1\n", "line 2: '1e30' is no time since 1970"),
    ],
)
def test_a_bad_row_is_told_with_its_line(score, tmp_path, text: str, said: str) -> None:
    path, output = tmp_path / "in.csv", tmp_path / "out.csv"
    path.write_bytes(text.encode("latin-1"))
    code, _, err = score(path, "-o", output)
    assert code == 1
    assert f"in.csv, {said}" in err
    assert list(tmp_path.iterdir()) == [path]


def test_an_output_is_there_whole_and_replaces_the_old_one(score, tmp_path) -> None:
    path, output = written(tmp_path / "in.csv", readings(30)), tmp_path / "out.csv"
    output.write_text("old")
    assert score(path, "-o", output)[:2] == (0, "")
    assert len(output.read_text().splitlines()) == 31
    assert score(path, "-o", tmp_path / "none" / "out.csv")[2].startswith("carbonseed: ")


def test_a_hold_of_no_rows_tells_an_event_again(score, tmp_path) -> None:
    rows = readings(2000)
    for i in range(1500, 1510):
        rows[i] = (rows[i][0], str(300 * (-1) ** i))
    path = written(tmp_path / "in.csv", rows)
    held, free = (score(path, "--hold-rows", hold)[1] for hold in (200, 0))
    counts = [sum(value >= 0.5 for value in scores(out)[1500:1600]) for out in (held, free)]
    assert counts[0] == 1
    assert counts[1] > 1


def test_standard_input_is_scored_row_by_row_as_it_comes() -> None:
    program = [sys.executable, "-c", "from appliance.cli import main; main()", "score", "-"]
    with subprocess.Popen(program, stdin=-1, stdout=-1, stderr=-1, text=True, bufsize=1) as child:
        child.stdin.write("timestamp,value\n2026-01-01 00:00:00,5\n")
        child.stdin.flush()
        assert child.stdout.readline() == "timestamp,value,score\n"
        assert child.stdout.readline() == "2026-01-01 00:00:00,5,0\n"
        child.stdin.close()
        assert child.wait(60) == 0
        assert child.stderr.read() == "1 rows, 0 alarms\n"


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path) -> None:
    path = written(tmp_path / "in.csv", readings(20_000))
    program = [sys.executable, "-c", "from appliance.cli import main; main()", "score", str(path)]
    with subprocess.Popen(program, stdout=-1, stderr=-1, text=True) as child:
        child.stdout.readline()
        child.stdout.close()
        assert (child.wait(60), child.stderr.read()) == (0, "")


def test_a_file_that_is_not_there_is_told(score, tmp_path) -> None:
    code, _, err = score(tmp_path / "none.csv")
    assert code == 1
    assert err == f"carbonseed: {tmp_path}/none.csv cannot be read: No such file or directory.\n"
