"""`carbonseed restore`: a backup in the place of what is there."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import rich_click as click

from appliance.cli import options
from appliance.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.data_dir
def restore(*, file: Path, yes: bool, data_dir: Path | None) -> None:
    """Put a backup back, with the appliance stopped. What is there is set aside, never deleted.

    The file is proved before anything is touched. Interrupted, the same command goes on.
    """
    settings = options.settings(data_dir=data_dir)
    if not yes:
        _ask(settings)
    from appliance.backup.restore import restore as put_back  # noqa: PLC0415  help needs none

    done = asyncio.run(put_back(settings, file, datetime.now(UTC)))
    click.echo(f"Restored as of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")
    for place in done.aside:
        click.echo(f"What was there before lies in: {place}")
    click.echo(
        "Next: start the appliance, then `carbonseed doctor`. Nodes send again what they still "
        "keep; readings that they no longer keep are missing since then."
    )


def _ask(settings: Settings) -> None:
    target = f"{settings.data_dir} and the database" if settings.database_url else settings.data_dir
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here; give --yes.")
    click.confirm(f"Put the backup in the place of {target}?", abort=True, err=True)
