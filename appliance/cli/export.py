"""`carbonseed export`: readings of any range, hot and sealed, into a file."""

import asyncio
import os
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, get_args

import rich_click as click

from appliance.archive.read import Archive
from appliance.cli import local, options
from appliance.cli.box import box
from appliance.errors import NotFound
from appliance.history import export as exports
from appliance.history.readings import Source
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.settings import Settings
from appliance.store.devices import select_devices
from appliance.store.factories import select_all_factories
from appliance.store.pool import Db

MOMENTS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
TOLD_ROWS = 100_000


class _Asked(NamedTuple):
    devices: Sequence[str]
    metrics: Sequence[str]
    from_ms: int
    to_ms: int


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--device", "devices", multiple=True, help="By number or name.  [all]")
@click.option("--metric", "metrics", multiple=True, help="By name.  [all]")
@click.option("--from", "begin", type=click.DateTime(MOMENTS), required=True, help="In UTC.")
@click.option("--to", "end", type=click.DateTime(MOMENTS), help="In UTC, not included.  [now]")
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(exports.Format)),
    help="What kind of file.  [as FILE ends, else csv]",
)
@options.data_dir
def export(
    *,
    file: Path,
    devices: tuple[str, ...],
    metrics: tuple[str, ...],
    begin: datetime,
    end: datetime | None,
    form: exports.Format | None,
    data_dir: Path | None,
) -> None:
    """Write readings of any range, hot and sealed, to FILE.

    Works on the box itself, whether the appliance runs or not. FILE appears once it is complete.
    """
    asked = _Asked(devices, metrics, _ms(begin), _ms(end) if end else _ms(local.now()))
    if asked.from_ms >= asked.to_ms:
        raise click.BadParameter("It must lie before --to.", param_hint="--from")
    form = form or ("parquet" if file.suffix == ".parquet" else "csv")
    settings = options.settings(data_dir=data_dir)
    with ThreadPoolExecutor(1) as blocking:
        rows = asyncio.run(_export(settings, blocking, asked, file, form))
    click.echo(f"{rows:,} readings are in {file}.", err=True)


async def _export(
    settings: Settings, blocking: Executor, asked: _Asked, file: Path, form: exports.Format
) -> int:
    async with box(settings) as db:
        source = Source(db, blocking, Archive(settings.archive_dir))
        scope = Scope(tuple(one.id for one in await select_all_factories(db)))
        found = await exports.plan(
            source,
            scope,
            await _devices(db, scope, asked.devices) or None,
            asked.metrics or None,
            (asked.from_ms, asked.to_ms),
        )
        progress = _Progress(found.rows, terminal=sys.stderr.isatty())
        partial = file.with_name(f"{file.name}.part")
        out = await source.run(partial.open, "wb")
        try:
            async for piece in exports.stream(source, found, form, progress.add):
                await source.run(out.write, piece)
            await source.run(_keep, out, file)
        finally:
            await source.run(_drop, out)
    return progress.rows


class _Progress:
    """One line on a terminal that says how far it is."""

    def __init__(self, expected: int | None, *, terminal: bool) -> None:
        self.rows = 0
        self._told = 0
        self._expected = expected
        self._terminal = terminal

    def add(self, rows: int) -> None:
        """So many more are written."""
        self.rows += rows
        if self._terminal and self.rows - self._told >= TOLD_ROWS:
            self._told = self.rows
            share = f" of about {self._expected:,}" if self._expected else ""
            sys.stderr.write(f"\r{self.rows:,}{share} readings\x1b[K")
            sys.stderr.flush()


def _keep(out: BinaryIO, file: Path) -> None:
    out.flush()
    os.fsync(out.fileno())
    Path(out.name).replace(file)


def _drop(out: BinaryIO) -> None:
    out.close()
    Path(out.name).unlink(missing_ok=True)


async def _devices(db: Db, scope: Scope, named: Sequence[str]) -> list[DeviceId]:
    there = await select_devices(db, scope)
    found: list[DeviceId] = []
    for name in named:
        ids = [one.id for one in there if str(one.id) == name] or [
            one.id for one in there if one.name == name
        ]
        if not ids:
            raise NotFound(f"There is no device {name}. See: carbonseed device list")
        found += ids
    return found


def _ms(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)
