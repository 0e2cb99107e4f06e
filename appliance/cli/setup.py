"""`carbonseed setup`: the way in for the first administrator, as often as it is asked for."""

import asyncio
from pathlib import Path

import rich_click as click

from appliance.cli import local, options
from appliance.cli.box import box
from appliance.cli.start import address, first_steps
from appliance.errors import Unavailable
from appliance.identity import certificates, first_administrator
from appliance.running import read_running
from appliance.settings import Settings


@click.command()
@options.data_dir
def setup(*, data_dir: Path | None) -> None:
    """Print a new link for the first administrator, and how to trust this box.

    Older links stop working. Where there is an administrator, no link is made.
    """
    settings = options.settings(data_dir=data_dir)
    running = read_running(settings.running_file)
    if running is None:
        raise Unavailable(
            f"No appliance runs on {settings.data_dir}, so nobody could follow a link."
        )
    where = address(running)
    code = asyncio.run(_issue(settings))
    if code is None:
        click.echo(f"There is an administrator already. Sign in at {where}")
    click.echo(first_steps(where, code, certificates.locate(settings.certificates_dir).authority))


async def _issue(settings: Settings) -> str | None:
    async with box(settings) as db:
        return await first_administrator.issue_code(db, local.now())
