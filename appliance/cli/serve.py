"""`carbonseed serve`: the appliance as a service."""

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from appliance.cli import options
from appliance.cli.start import address, first_steps, start

if TYPE_CHECKING:
    from appliance.main import Started


@click.command()
@options.data_dir
@options.ports
@click.option(
    "--role",
    type=click.Choice(["all", "api", "engine"]),
    default="all",
    show_default=True,
    help="api: listeners and storing; engine: alarms. They share one PostgreSQL.",
)
def serve(*, data_dir: Path | None, role: str, **given: str | int | None) -> None:
    """Run the appliance as a service: settings from the environment, plain log lines.

    SIGTERM ends it in order, SIGHUP makes it look for new certificates.
    """
    start(options.settings(data_dir=data_dir, **given), role, announce)


async def announce(started: "Started") -> None:
    """Print what the first reader needs to know."""
    where = address(started.running)
    click.echo(f"Carbonseed runs at {where}")
    click.echo(first_steps(where, started.setup_code, started.authority))
