"""`carbonseed backup`: everything the appliance keeps, in one file; and whether a file is whole."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from appliance.cli import exits, options

if TYPE_CHECKING:
    from appliance.backup.bundle import Manifest


@click.group(invoke_without_command=True)
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write to.  [backups, in the data folder]",
)
@options.data_dir
@options.as_json
@click.pass_context
def backup(ctx: click.Context, *, folder: Path | None, data_dir: Path | None, as_json: bool) -> int:
    """Write everything to one file, while the appliance runs or not. Prints the file's path.

    The file holds the plant's private keys: keep it as safe as the box, and on another machine.
    """
    if ctx.invoked_subcommand:
        return 0
    from appliance.backup.create import create  # noqa: PLC0415  help needs none of it

    settings = options.settings(data_dir=data_dir)
    into = (folder or settings.backups_dir).absolute()
    path, manifest = asyncio.run(create(settings, into, datetime.now(UTC)))
    click.echo(_json(path, manifest) if as_json else path)
    click.echo(
        f"{_extent(manifest)}. The file holds the plant's private keys: keep it as safe as the "
        f"box, and on another machine. To prove it: carbonseed backup verify {path}",
        err=True,
    )
    return _faulty(manifest)


@backup.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@options.data_dir
@options.as_json
def verify(*, file: Path, data_dir: Path | None, as_json: bool) -> int:
    """Prove a backup: every hash, and its database loaded into a scratch server.

    Nothing of the appliance is touched. Exit code 8 if the file is damaged.
    """
    from appliance.backup.restore import verify as proved  # noqa: PLC0415  help needs none of it

    manifest = asyncio.run(proved(options.settings(data_dir=data_dir), file))
    if as_json:
        click.echo(_json(file, manifest))
    else:
        click.echo(f"{file} is whole: {_extent(manifest)}.")
    return _faulty(manifest)


def _extent(manifest: "Manifest") -> str:
    return (
        f"{manifest.streams:,} streams and {manifest.batches:,} batches of readings, Carbonseed "
        f"{manifest.version}, {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC"
    )


def _json(path: Path, manifest: "Manifest") -> bytes:
    told = {"schema_version": 1, "file": str(path), "backup": manifest}
    return msgspec.json.encode(told)


def _faulty(manifest: "Manifest") -> int:
    """Say which files of sealed history the backup lacks; the exit code."""
    for path in manifest.faulty:
        click.echo(f"Missing or damaged before the backup: archive/{path}", err=True)
    return exits.PARTIAL if manifest.faulty else 0
