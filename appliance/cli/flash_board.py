"""One board in one command: build, claim, write, check, first reading."""

from typing import Any

import rich_click as click

from appliance.cli import flash_options as ours
from appliance.cli import options
from flasher import flow


@click.command()
@ours.port
@ours.identities
@ours.making
@click.option(
    "--replace", is_flag=True, help="A new identity for a board that was a device before."
)
@options.as_json
def board(*, as_json: bool, **given: Any) -> None:
    """Make one board: build, claim, write, check, and wait for its first reading.

    Flashed again, a board stays the device it was, with a new key.
    """
    port = ours.the_port(given["port"])
    with ours.the_source(given) as source:
        made = flow.make(port, source.recipe, source.identities, ours.tell)
    if as_json:
        click.echo(ours.json(made))
    else:
        lives = "reports" if made.readings else "has started"
        click.echo(f"PASS  {made.device} ({made.board}, {made.mac}) {lives}.")
