"""What can be done with a port alone: list, detect, listen, erase."""

import rich_click as click

from appliance.cli import flash_options as ours
from appliance.cli import options
from flasher import console, esptool, flow
from flasher import ports as flasher_ports


@click.command()
@options.as_json
def ports(*, as_json: bool) -> None:
    """List the serial ports that may have a board on them."""
    found = flasher_ports.candidates()
    if as_json:
        click.echo(ours.json_list("ports", found))
        return
    if not found:
        click.echo("No board is plugged in, or its cable only charges.", err=True)
    for one in found:
        click.echo(f"{one.device:20}  {one.usb}  {one.converter}")


@click.command()
@ours.port
@options.as_json
def detect(*, port: str | None, as_json: bool) -> None:
    """Say which board is on the port."""
    found = flow.look(ours.the_port(port), ours.tell)
    if as_json:
        click.echo(ours.json(found))


@click.command()
@ours.port
@click.option("--seconds", type=float, help="Stop after so long.  [until Ctrl-C]")
def monitor(*, port: str | None, seconds: float | None) -> None:
    """Show what the board says on its console. Keys are never shown."""
    for line in console.lines(ours.the_port(port), seconds):
        click.echo(line)


@click.command()
@ours.port
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(*, port: str | None, yes: bool) -> None:
    """Wipe a board: MicroPython, the node, the readings it has not sent, its identity.

    Its key still opens the appliance until it is revoked there.
    """
    where = ours.the_port(port)
    found = flow.look(where, ours.tell)
    ours.ask(f"Erase the board {found.mac} on {where}? Readings it has not sent are lost.", yes=yes)
    esptool.erase(where)
    click.echo(f"The board {found.mac} is empty.")
