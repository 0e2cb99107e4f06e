"""`carbonseed flash`: makes a node of a board: build, claim, write, check, first reading."""

from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from appliance.cli import flash_options as ours
from appliance.cli import options
from flasher import boards, flow, images, parts
from flasher.flow import Recipe
from flasher.server import Claim, Server

SENDING_MS = 10_000
"""How often a node is heard of, unless its configuration says otherwise."""


@click.group()
def flash() -> None:
    """Make a node of a board: put its parts together, claim its identity, write and check it.

    One board in one command: carbonseed flash board. The other commands are its steps.
    """
    ours.need_parts()


@flash.command("board")
@ours.port
@ours.appliance
@ours.device
@click.option("--board", "kind", help="Refuse any other kind of board than this.")
@ours.image
@ours.store
@ours.baud
@click.option("--wait", default=120.0, show_default=True, help="Seconds for the first reading.")
@options.as_json
def board(*, as_json: bool, **given: Any) -> None:
    """Make one board: build, claim, write, check, and wait for its first reading.

    Flashed again, a board stays the device it was, with a new key.
    """
    port = ours.the_port(given["port"])
    wifi = ours.the_wifi(given["wifi"], given["wifi_password_file"])
    shared = ours.the_node(given["node_file"], wifi)
    with Server(given["url"], given["ca"]) as server:
        recipe = Recipe(
            store=ours.the_store(given["store"]),
            template=shared,
            server_host=ours.the_host(server, given["node_host"]),
            board=given["kind"],
            image=given["image"],
            wifi=wifi,
            baud=given["baud"],
            wait_seconds=given["wait"],
        )
        ours.sign_in(server, given["email"], given["password_file"])
        claim = _claim(server, given, shared, mac="")
        made = flow.make(port, recipe, server, claim, ours.tell)
    if as_json:
        click.echo(_json(made))
    else:
        click.echo(f"PASS  {made.device} ({made.board}, {made.mac}) reports.")


@flash.command("detect")
@ours.port
@options.as_json
def detect(*, port: str | None, as_json: bool) -> None:
    """Say which board is on the port."""
    found = flow.look(ours.the_port(port), ours.tell)
    if as_json:
        click.echo(_json(found))


@flash.command("build")
@click.option("--board", "kind", required=True, help=f"One of {', '.join(boards.boards())}.")
@click.option(
    "--flash-size", type=click.IntRange(4, 128), help="The module's flash in MB.  [the usual one]"
)
@click.option("--out", required=True, type=ours.FOLDER, help="The folder to put the parts in.")
@ours.image
@ours.store
@options.as_json
def build(
    *,
    kind: str,
    flash_size: int | None,
    out: Path,
    image: str | None,
    store: Path | None,
    as_json: bool,
) -> None:
    """Put together what is the same for every board of a kind: MicroPython and the application."""
    chosen = boards.board(kind)
    size = flash_size * 2**20 if flash_size else chosen.flash_bytes
    stock = images.choose(ours.the_store(store), chosen, image)
    plan = parts.build(out, chosen, size, stock)
    if as_json:
        click.echo(_json(plan))
    else:
        click.echo(f"The parts for {chosen.label} with {boards.in_words(size)} are in {out}.")
        click.echo("Next: carbonseed flash provision, then carbonseed flash write.", err=True)


@flash.command("provision")
@ours.appliance
@ours.device
@click.option("--mac", required=True, help="The board's MAC; carbonseed flash detect says it.")
@click.option("--out", required=True, type=ours.FOLDER, help="The folder with the other parts.")
def provision(*, mac: str, out: Path, **given: Any) -> None:
    """Claim a board's identity and put it beside the other parts, for one board.

    The file holds the device's key: `carbonseed flash write` removes it once it is on the board.
    """
    parts.load(out)
    wifi = ours.the_wifi(given["wifi"], given["wifi_password_file"])
    shared = ours.the_node(given["node_file"], wifi)
    with Server(given["url"], given["ca"]) as server:
        recipe = Recipe(
            store=out,
            template=shared,
            server_host=ours.the_host(server, given["node_host"]),
            wifi=wifi,
        )
        ours.sign_in(server, given["email"], given["password_file"])
        claimed = server.claim(_claim(server, given, shared, mac=mac))
    file = parts.put_identity(out, flow.identity(recipe, claimed))
    click.echo(f"The identity of {claimed.device.name} is in {file}. Write it now.")


@flash.command("write")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@ours.port
@ours.baud
def write(*, folder: Path, port: str | None, baud: int | None) -> None:
    """Write the parts in FOLDER in one go and check them; the identity then leaves the folder."""
    plan, all_parts = parts.load(folder)
    kind, where = boards.board(plan.board), ours.the_port(port)
    parts.fit(plan, flow.look(where, ours.tell))
    flow.write(where, kind, all_parts, baud, ours.tell)
    flow.compare(where, kind, all_parts, ours.tell)
    (folder / parts.NVS).unlink(missing_ok=True)


@flash.command("verify")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@ours.port
def verify(*, folder: Path, port: str | None) -> None:
    """Compare a board with the parts in FOLDER; what it has written itself since is left out.

    Exit code 8 if MicroPython or a file of the application is not what was built.
    """
    plan, all_parts = parts.load(folder)
    where = ours.the_port(port)
    parts.fit(plan, flow.look(where, ours.tell))
    flow.compare_used(where, boards.board(plan.board), all_parts, ours.tell)


@flash.group("image")
def image_() -> None:
    """Keep stock MicroPython builds, checked when they come in."""


@image_.command("add")
@click.argument("file", type=ours.FILE)
@click.option("--sha256", help="What its maker says; needed where this version does not know it.")
@click.option("--board", "kind", help="The board it is for.  [what the file says]")
@ours.store
def add(*, file: Path, sha256: str | None, kind: str | None, store: Path | None) -> None:
    """Take a build into the store, if its hash, its checksums and its layout are right."""
    added = images.add(ours.the_store(store), file, sha256, kind)
    click.echo(f"{added.name} is kept for {boards.board(added.board).label}.")


@image_.command("list")
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


def _claim(server: Server, given: dict[str, Any], shared: dict[str, Any], *, mac: str) -> Claim:
    factory = server.factory(given["factory"])
    machine = server.machine(factory, given["machine"]) if given["machine"] else None
    return Claim(
        factory_id=factory.id,
        name=given["name"],
        mac=mac,
        machine_id=machine.id if machine else None,
        expected_interval_ms=shared.get("sending", {}).get("interval_ms", SENDING_MS),
    )


def _json(value: object) -> str:
    told = {"schema_version": 1, **msgspec.to_builtins(value)}
    return msgspec.json.encode(told).decode()
