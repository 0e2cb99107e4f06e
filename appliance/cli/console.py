"""`carbonseed console`: the operators' live view in a terminal."""

import asyncio
import ssl
import sys
from pathlib import Path

import rich_click as click

from appliance.cli import options
from appliance.cli.address import own_ca, own_url
from appliance.errors import CarbonseedError


@click.command()
@options.data_dir
@click.option("--url", help="An appliance elsewhere, such as https://box.plant.example:8443.")
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The certificate authority to trust.  [plant-ca.pem of the data folder]",
)
@click.option("--email", default="", help="Who signs in; only the password is asked for then.")
def console(*, data_dir: Path | None, url: str | None, ca: Path | None, email: str) -> int:
    """Watch devices and acknowledge alerts in this terminal.

    Shows the appliance of this box, or the one named with --url and --ca.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CarbonseedError("The console needs a terminal. For scripts there is the API.")
    if url is None:
        settings = options.settings(data_dir=data_dir)
        url, ca = own_url(settings), ca or own_ca(settings)
    if not url.startswith("https://"):
        raise click.BadParameter("It begins with https://.", param_hint="--url")
    return asyncio.run(_run(url.rstrip("/"), _trust(ca), email))


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise CarbonseedError(f"{ca} holds no certificate in PEM form: {error}.") from error


async def _run(url: str, trust: ssl.SSLContext, email: str) -> int:
    try:
        from tui.app import Console  # noqa: PLC0415  help needs none of it
        from tui.client import Client  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise CarbonseedError(
            f"The console needs {error.name}, which is not installed. "
            'Run: pip install "carbonseed[console]"'
        ) from error
    app = Console(Client(url, trust), email=email)
    await app.run_async()
    return app.return_code or 0
