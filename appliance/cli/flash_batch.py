"""`carbonseed-flasher batch`: identities for a place without the appliance, there and back."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich_click as click

from appliance.cli import exits, options
from appliance.cli import flash_options as ours
from flasher import batch as batches
from flasher.batch import Batch, Content, Entry, Signed
from flasher.server import NewBatch, Server


@click.group()
def batch() -> None:
    """Take identities along to a place without the appliance, and report back what was made."""


@batch.command("export")
@click.argument("file", type=ours.FILE_OUT)
@ours.appliance
@ours.device
@click.option("--count", required=True, type=click.IntRange(1, 200), help="How many devices.")
@click.option("--first", default=1, show_default=True, help="The first number in their names.")
@ours.passphrase_file
def export(*, file: Path, count: int, first: int, **given: Any) -> None:
    """Make devices at the appliance and put their identities into FILE, encrypted.

    --name holds {n}: "Node {n}" becomes Node 1, Node 2 and so on.
    """
    if "{n}" not in given["name"]:
        raise click.UsageError("All devices would have one name. Put {n} into --name.")
    if file.exists():
        raise click.UsageError(f"{file} exists. Name another file.")
    wifi = ours.the_wifi(given["wifi"], given["wifi_password_file"])
    shared = ours.the_node(given["node_file"], wifi)
    phrase = ours.secret(given["passphrase_file"], "Passphrase for the batch", "--passphrase-file")
    batches.check_passphrase(phrase)
    with Server(given["url"], given["ca"]) as server:
        host = ours.the_host(server, given["node_host"])
        ours.sign_in(server, given["email"], given["password_file"])
        claim = ours.the_claim(server, given, shared)
        names = [given["name"].replace("{n}", str(first + n)) for n in range(count)]
        made = server.new_batch(
            NewBatch(claim.factory_id, names, claim.machine_id, claim.expected_interval_ms)
        )
    content = Content(
        url=given["url"],
        host=host,
        template=shared,
        wifi=wifi,
        signed=Signed(made.statement, made.signature, made.public_key),
        entries=[Entry(one.device, one.key_id, one.key) for one in made.identities],
    )
    written = batches.create(file, phrase, content)
    click.echo(f"{count} identities are in {file}, signed by {written.fingerprint[:16]}.")


@batch.command("show")
@click.argument("file", type=ours.FILE)
@ours.passphrase_file
@ours.fingerprint
@options.as_json
def show(
    *, file: Path, passphrase_file: Path | None, fingerprint: str | None, as_json: bool
) -> None:
    """Say what FILE holds: who made it, which devices are used. Never a key."""
    phrase = ours.secret(passphrase_file, "Passphrase of the batch", "--passphrase-file")
    with batches.opened(file, phrase, fingerprint) as there:
        told = {
            "id": there.statement.id,
            "made_at": there.statement.made_at,
            "made_by": there.statement.made_by,
            "fingerprint": there.fingerprint,
            "devices": [
                {"id": one.device.id, "name": one.device.name, "mac": one.mac}
                | {"used_at": one.used_at, "reported_at": one.reported_at}
                for one in there.content.entries
            ],
        }
    if as_json:
        click.echo(ours.json(told))
        return
    click.echo(f"Made by {told['made_by']}, signed by {there.fingerprint[:16]}.")
    for one in there.content.entries:
        state = "reported" if one.reported_at else "used" if one.used_at else "free"
        click.echo(f"{one.device.id:6}  {state:8}  {one.mac or '-':17}  {one.device.name}")


@batch.command("import")
@click.argument("file", type=ours.FILE)
@ours.appliance
@ours.passphrase_file
@ours.fingerprint
@click.option("--close", is_flag=True, help="Revoke the keys of the identities that are left.")
def import_(*, file: Path, close: bool, **given: Any) -> int:
    """Report to the appliance which boards FILE has made. Their keys then leave the file.

    Exit code 9 if the appliance does not take all of them.
    """
    phrase = ours.secret(given["passphrase_file"], "Passphrase of the batch", "--passphrase-file")
    with (
        batches.opened(file, phrase, given["fingerprint"]) as there,
        Server(given["url"], given["ca"]) as server,
    ):
        ours.sign_in(server, given["email"], given["password_file"])
        refused = _report(there, server)
        closed = _close(there, server) if close else 0
    click.echo(f"{_count(there)} reported, {closed} closed, {there.free} left.", err=True)
    return exits.PARTIAL if refused else 0


def _report(there: Batch, server: Server) -> int:
    used = [one for one in there.content.entries if one.used_at and not one.reported_at]
    if not used:
        return 0
    told = server.report_used([(one.device.id, one.mac) for one in used])
    refused = {one.device_id: one for one in told.refused}
    for one in used:
        if one.device.id in refused:
            click.echo(f"FAIL  {one.device.name}: {refused[one.device.id].detail}")
        else:
            there.mark(one.device.id, reported_at=datetime.now(UTC), key="")
            click.echo(f"ok    {one.device.name} is the board {one.mac}.")
    return len(refused)


def _close(there: Batch, server: Server) -> int:
    left = [one for one in there.content.entries if one.key and not one.used_at]
    for one in left:
        if server.is_live(one.device.id, one.key_id):
            server.revoke(one.device.id, one.key_id)
        there.mark(one.device.id, key="")
    return len(left)


def _count(there: Batch) -> int:
    return sum(one.reported_at is not None for one in there.content.entries)
