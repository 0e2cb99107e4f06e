"""`carbonseed firmware`: bundles of the node's application, and the releases made of them."""

import asyncio
from pathlib import Path

import msgspec
import rich_click as click

from appliance.cli import local, options
from appliance.cli.box import box
from appliance.model import bundle
from appliance.model.firmware import Release
from appliance.nodes import releases
from appliance.settings import Settings
from appliance.store.firmware import select_releases

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def firmware() -> None:
    """Pack what nodes run into a bundle, and add it to the releases of this box.

    Roll it out on the page Firmware, or with POST /firmware/rollouts.
    """


@firmware.command("pack")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--version", "version", required=True, help="What it is called, such as 1.1.0.")
@click.option("--sources", type=FOLDER, help="The application.  [the one that came with this]")
def pack(*, out: Path, version: str, sources: Path | None) -> None:
    """Compile an application into the bundle OUT. The same sources give the same bytes."""
    from flasher import filesystem  # noqa: PLC0415  the other commands need no flasher

    files = filesystem.application(sources or filesystem.SOURCES)
    in_folders = {path: data for path, data in files.items() if "/" in path}
    packed = bundle.pack(version, in_folders)
    out.write_bytes(packed)
    click.echo(f"{out}: {len(in_folders)} files, {len(packed)} bytes. Next: firmware add {out}")


@firmware.command("add")
@click.argument("file", type=FILE)
@options.data_dir
def add(*, file: Path, data_dir: Path | None) -> None:
    """Sign the bundle FILE with this box's key and keep it as a release."""
    added = asyncio.run(_add(options.settings(data_dir=data_dir), file.read_bytes()))
    click.echo(f"Release {added.id} is {added.version}, signed with {added.key_fingerprint}.")


@firmware.command("list")
@options.as_json
@options.data_dir
def list_(*, as_json: bool, data_dir: Path | None) -> None:
    """List the releases, newest first."""
    found = asyncio.run(_list(options.settings(data_dir=data_dir)))
    if as_json:
        told = {"schema_version": 1, "releases": found}
        click.echo(msgspec.json.encode(told))
        return
    rows = [
        (str(one.id), one.version, str(one.bytes), local.moment(one.added_at), one.added_by)
        for one in found
    ]
    click.echo(local.columns([("ID", "VERSION", "BYTES", "ADDED", "BY"), *rows]))


async def _add(settings: Settings, data: bytes) -> Release:
    async with box(settings) as db:
        return await releases.add(db, settings.secrets_dir, local.actor(), data, local.now())


async def _list(settings: Settings) -> list[Release]:
    async with box(settings) as db:
        return await select_releases(db)
