"""`carbonseed flash image`: the store of stock MicroPython builds."""

import hashlib
from pathlib import Path

import msgspec
import rich_click as click

from appliance.cli import flash_options as ours
from appliance.cli import options
from flasher import boards, images
from flasher.errors import VerificationFailed


@click.group()
def image() -> None:
    """Keep stock MicroPython builds, checked when they come in."""


@image.command("add")
@click.argument("file", type=ours.FILE)
@click.option("--sha256", help="What its maker says; needed where this version does not know it.")
@click.option("--board", "kind", help="The board it is for.  [what the file says]")
@ours.store
def add(*, file: Path, sha256: str | None, kind: str | None, store: Path | None) -> None:
    """Take a build into the store, if its hash, its checksums and its layout are right."""
    added = images.add(ours.the_store(store), file, sha256, kind)
    click.echo(f"{added.name} is kept for {boards.board(added.board).label}.")


@image.command("list")
@ours.store
@options.as_json
def list_(*, store: Path | None, as_json: bool) -> None:
    """List the builds in the store."""
    found = images.listed(ours.the_store(store))
    if as_json:
        click.echo(msgspec.json.encode({"schema_version": 1, "images": found}, enc_hook=str))
        return
    if not found:
        click.echo("There are none yet. Add one: carbonseed flash image add FILE", err=True)
    for one in found:
        click.echo(f"{one.board:8}  {one.sha256[:16]}  {one.name}")


@image.command("verify")
@ours.store
@options.as_json
def verify(*, store: Path | None, as_json: bool) -> None:
    """Check every build in the store again: its bytes, and whether this version knows it.

    Exit code 8 if one has changed.
    """
    pinned = {known.sha256 for known in images.known()}
    found = images.listed(ours.the_store(store))
    changed = [
        one for one in found if hashlib.sha256(one.file.read_bytes()).hexdigest() != one.sha256
    ]
    if as_json:
        told = [
            {**msgspec.to_builtins(one, enc_hook=str), "known": one.sha256 in pinned}
            | {"intact": one not in changed}
            for one in found
        ]
        click.echo(msgspec.json.encode({"schema_version": 1, "images": told}))
    else:
        for one in found:
            state = "CHANGED" if one in changed else "ok"
            source = "known" if one.sha256 in pinned else "by its maker's hash"
            click.echo(f"{one.board:8}  {state:7}  {one.name}  ({source})")
    if changed:
        names = ", ".join(one.name for one in changed)
        raise VerificationFailed(f"Changed since they were added: {names}. Add them again.")
