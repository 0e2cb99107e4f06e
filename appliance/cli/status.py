"""`carbonseed status`: asks a running appliance how it is, over its own verified HTTPS."""

import ssl
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from appliance.cli import exits, options
from appliance.cli.address import own_ca, own_url
from appliance.errors import Unavailable

TIMEOUT_SECONDS = 5.0


@click.command()
@options.data_dir
@click.option("--url", help="An appliance elsewhere, such as https://box.plant.example:8443.")
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The certificate authority to trust.  [plant-ca.pem of the data folder]",
)
@options.as_json
def status(*, data_dir: Path | None, url: str | None, ca: Path | None, as_json: bool) -> int:
    """Ask a running appliance how it is.

    Exit code 1 if something is missing, 7 if it does not answer.
    """
    settings = options.settings(data_dir=data_dir)
    url = (url or own_url(settings)).rstrip("/")
    ready, health = _ask(url, ca or own_ca(settings))
    if as_json:
        click.echo(msgspec.json.encode({"schema_version": 1, "url": url, **health}))
    else:
        click.echo(f"{url} is {'ready' if ready else 'not ready'}.")
        for name, said in health["checks"].items():
            click.echo(f"  {name:12} {said}")
        for said in health.get("warnings", ()):
            click.echo(f"  warning      {said}")
    return 0 if ready else exits.FAILURE


def _ask(url: str, ca: Path | None) -> tuple[bool, dict[str, Any]]:
    import httpx  # noqa: PLC0415  help needs none of it

    try:
        trust = ssl.create_default_context(cafile=ca)
        with httpx.Client(verify=trust, timeout=TIMEOUT_SECONDS) as client:
            response = client.get(f"{url}/healthz/ready")
        return response.status_code == 200, msgspec.json.decode(response.content)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        trusting = ca or "the certificate authorities this machine trusts"
        raise Unavailable(
            f"{url} does not answer: {error}. Is the appliance running, and is its certificate "
            f"signed by {trusting}?"
        ) from error
    except msgspec.DecodeError as error:
        raise Unavailable(f"{url} answers, but not as an appliance does.") from error
