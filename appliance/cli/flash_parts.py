"""The steps of making a board one by one: build, provision, write, verify."""

from pathlib import Path
from typing import Any

import rich_click as click

from appliance.cli import flash_options as ours
from appliance.cli import options
from flasher import boards, flow, images, parts
from flasher.flow import Recipe
from flasher.identities import FromAppliance
from flasher.server import Server


@click.command("build")
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
        click.echo(ours.json(plan))
    else:
        click.echo(f"The parts for {chosen.label} with {boards.in_words(size)} are in {out}.")
        click.echo("Next: carbonseed flash provision, then carbonseed flash write.", err=True)


@click.command("provision")
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
        claimed = FromAppliance(server, ours.the_claim(server, given, shared)).claim(mac)
    file = parts.put_identity(out, flow.identity(recipe, claimed))
    click.echo(f"The identity of {claimed.device.name} is in {file}. Write it now.")


@click.command("write")
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


@click.command("verify")
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
