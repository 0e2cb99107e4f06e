"""`carbonseed-flasher doctor`: looks before a board is touched."""

from datetime import UTC, datetime
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.text import Text

from appliance.cli import exits, options
from appliance.cli import flash_options as ours
from appliance.cli.doctor import STYLES
from flasher import checkup
from flasher.checkup import Level
from flasher.server import Server


@click.command()
@click.option("--url", help="Ask this appliance too: https://box.example:8443.")
@click.option("--ca", type=ours.FILE, help="Its certificate authority, plant-ca.pem.")
@ours.store
@options.as_json
def doctor(*, url: str | None, ca: Path | None, store: Path | None, as_json: bool) -> int:
    """Check this PC: Python, libraries, ports and permissions, builds, appliance, clock.

    Nothing is changed. Exit code 3 if a check fails.
    """
    appliance = None if url is None else (lambda: Server(url, ca))
    findings = list(
        checkup.examine(ours.the_store(store), appliance, ours.NEEDED, datetime.now(UTC))
    )
    failed = any(finding.level is Level.FAIL for finding in findings)
    if as_json:
        click.echo(ours.json({"failed": failed, "checks": findings}))
    else:
        console = Console(highlight=False, soft_wrap=True)
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            line = Text(f"{finding.level:4}", STYLES[finding.level])
            line.append(f"  {finding.name:{width}}  {finding.said}", "default")
            console.print(line)
            if finding.fix:
                console.print(Text(f"{'':{width + 6}}  → {finding.fix}"))
    return exits.CHECK_FAILED if failed else 0
