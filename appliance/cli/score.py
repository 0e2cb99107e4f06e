"""`carbonseed score`: a column of readings in, how unusual each is out; needs no appliance."""

import contextlib
import csv
import math
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple

import rich_click as click

from appliance.errors import BadRequest

ROWS_AT_ONCE = 1024
TIME_NAMES = ("timestamp", "time", "datetime", "date", "ts")
VALUE_NAMES = ("value", "reading", "y")
MISSING = ("", "nan", "na", "null", "none")
MILLISECONDS_FROM = 1e11
"""A bare number is in seconds below this, which is the year 5138, else in milliseconds."""


class _Row(NamedTuple):
    time: str
    value: str
    time_ms: int
    number: float


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to.  [stdout]"
)
@click.option(
    "--hold-rows",
    type=click.IntRange(min=0),
    help="For how many rows after an alarm its event is not told again.  [200]",
)
def score(*, file: Path, output: Path | None, hold_rows: int | None) -> None:
    """Score how unusual each reading of FILE is: timestamp,value in, timestamp,value,score out.

    Scores run from 0 to 1; 0.5 and more is an alarm. A row's score depends on the rows up to it
    alone. FILE - reads from standard input.
    """
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(_opened(file))
        target = stack.enter_context(_written(output)) if output else sys.stdout
        try:
            rows, alarms = _score(
                _rows(source, str(file)), target, hold_rows, 1 if str(file) == "-" else ROWS_AT_ONCE
            )
        except BrokenPipeError:  # whoever reads has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
    click.echo(f"{rows} rows, {alarms} alarms", err=True)


def _score(
    rows: Iterator[_Row], target: IO[str], hold_rows: int | None, rows_at_once: int
) -> tuple[int, int]:
    from appliance.analytics import anomaly  # noqa: PLC0415  help needs none of it

    detector = anomaly.Detector(anomaly.HOLD_ROWS if hold_rows is None else hold_rows)
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(("timestamp", "value", "score"))
    count = alarms = 0
    while some := list(islice(rows, rows_at_once)):
        scores = detector.score([row.time_ms for row in some], [row.number for row in some])
        writer.writerows(
            (row.time, row.value, f"{scored:.9g}")
            for row, scored in zip(some, scores.tolist(), strict=True)
        )
        target.flush()
        count += len(some)
        alarms += int((scores >= anomaly.ALARM).sum())
    return count, alarms


def _rows(source: IO[str], name: str) -> Iterator[_Row]:
    """The rows of a file, read as they are needed; BadRequest names the line of a bad one."""
    first = next((line for line in source if line.strip()), "")
    first = first.removeprefix("\ufeff")
    delimiter = max(",;\t", key=first.count)
    cells = next(csv.reader([first], delimiter=delimiter), [])
    time_at, value_at, headed = _columns(cells, name)
    reader = csv.reader(source if headed else _again(first, source), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(cells, time_at, value_at)
    except (ValueError, csv.Error) as error:
        line = reader.line_num + headed
        raise BadRequest(f"{name}, line {line}: {error}.") from error


def _again(first: str, rest: IO[str]) -> Iterator[str]:
    yield first
    yield from rest


def _columns(cells: list[str], name: str) -> tuple[int, int, bool]:
    """Where time and value are, and whether the first line says so."""
    header = [cell.strip().lower() for cell in cells]
    time_at = next((header.index(known) for known in TIME_NAMES if known in header), None)
    value_at = next((header.index(known) for known in VALUE_NAMES if known in header), None)
    if time_at is not None and value_at is not None:
        return time_at, value_at, True
    try:
        _row(cells, 0, 1)
    except ValueError as error:
        raise BadRequest(
            f"{name}, line 1: neither a header with timestamp and value, nor a reading ({error})."
        ) from error
    return 0, 1, False


def _row(cells: list[str], time_at: int, value_at: int) -> _Row:
    if len(cells) <= max(time_at, value_at):
        raise ValueError(f"{len(cells)} columns where a timestamp and a value are needed")
    time, value = cells[time_at].strip(), cells[value_at].strip()
    return _Row(time, value, _time_ms(time), _number(value))


def _number(text: str) -> float:
    if text.lower() in MISSING:
        return math.nan
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(text)):
            return number
    raise ValueError(f"{text[:40]!r} is no number; leave the cell empty where nothing was measured")


def _time_ms(text: str) -> int:
    """UTC milliseconds of ISO 8601 or of seconds or milliseconds since 1970; no zone is UTC."""
    try:
        since = float(text)
    except ValueError:
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text[:40]!r} is no time such as 2026-03-01 06:05:00") from None
        return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
    if not abs(since) < 1e15:
        raise ValueError(f"{text[:40]!r} is no time since 1970 in seconds or milliseconds")
    return round(since if abs(since) >= MILLISECONDS_FROM else since * 1000)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[IO[str]]:
    """A text to be read; what is not UTF-8 becomes a character that no number has."""
    try:
        source = open(  # noqa: SIM115  a path or standard input, closed below
            0 if str(file) == "-" else file, encoding="utf-8", errors="replace", newline="",
            closefd=str(file) != "-",
        )  # fmt: skip
    except OSError as error:
        raise BadRequest(f"{file} cannot be read: {error.strerror}.") from error
    with source:
        yield source


@contextlib.contextmanager
def _written(output: Path) -> Iterator[IO[str]]:
    """A file that is there whole or not at all."""
    part = output.with_name(f".{output.name}.part")
    try:
        target = part.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise BadRequest(f"{output} cannot be written: {error.strerror}.") from error
    try:
        with target:
            yield target
        part.replace(output)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
