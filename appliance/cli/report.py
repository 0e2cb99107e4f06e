"""`carbonseed report`: a report as a file, made on the box itself, whether the appliance runs."""

import asyncio
import sys
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import rich_click as click

from appliance.cli import local, options
from appliance.cli.box import box
from appliance.model.report import ReportKind
from appliance.settings import Settings

if TYPE_CHECKING:
    from appliance.reports.render import Format

THREADS = 2


class _Asked(NamedTuple):
    kind: ReportKind
    factory_name: str | None
    period: str | None
    form: "Format"


@click.command()
@click.argument("kind", type=click.Choice([kind.value for kind in ReportKind]))
@click.option("--factory", "factory_name", help="By name; needed if there are several.")
@click.option(
    "--period",
    help="2026-W47, 2026-11 or, for compliance, 2026-11-01..2026-11-15.  [the last that is over]",
)
@click.option(
    "--format", "form", type=click.Choice(["pdf", "json", "csv"]), default="pdf", show_default=True
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, allow_dash=True),
    default=".",
    help="A file, a folder, or - for the terminal.  [this folder]",
)
@options.data_dir
def report(
    *,
    kind: str,
    factory_name: str | None,
    period: str | None,
    form: "Format",
    target: Path,
    data_dir: Path | None,
) -> None:
    """Write a report to a file. Prints the file's path.

    Works on the box itself, whether the appliance runs or not.
    """
    settings = options.settings(data_dir=data_dir)
    with ThreadPoolExecutor(THREADS) as blocking:
        asked = _Asked(ReportKind(kind), factory_name, period, form)
        name, data = asyncio.run(_make(settings, blocking, asked))
    if str(target) == "-":
        sys.stdout.buffer.write(data)
        return
    file = target / name if target.is_dir() else target
    file.write_bytes(data)
    click.echo(file)


async def _make(settings: Settings, blocking: Executor, asked: _Asked) -> tuple[str, bytes]:
    from appliance.archive.read import Archive  # noqa: PLC0415  help needs none of it
    from appliance.history.readings import Source  # noqa: PLC0415
    from appliance.model.scope import Scope  # noqa: PLC0415
    from appliance.reports import build, names, render  # noqa: PLC0415

    async with box(settings) as pool:
        names_asked = [asked.factory_name] if asked.factory_name else []
        [factory] = await local.factories(pool, names_asked)
        source = Source(pool, blocking, Archive(settings.archive_dir))
        which = build.Asked(asked.kind, factory.id, asked.period)
        made = await build.make(source, Scope((factory.id,)), which, local.now())
        data = await render.render(source, made, asked.form)
    return names.file_name(made.report, asked.form), data
