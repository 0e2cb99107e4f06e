"""`carbonseed doctor`: looks before somebody falls."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import rich_click as click
from rich.console import Console
from rich.text import Text

from appliance.cli import exits, options

STYLES = {"OK": "green", "WARN": "yellow", "FAIL": "bold red"}


@click.command()
@options.data_dir
@options.ports
@options.as_json
def doctor(*, data_dir: Path | None, as_json: bool, **given: str | int | None) -> int:
    """Check this machine: disk, clock, ports, PostgreSQL, certificates.

    Nothing is changed. Exit code 3 if a check fails.
    """
    from appliance.cli import checks  # noqa: PLC0415  help needs none of it

    settings = options.settings(data_dir=data_dir, **given)
    findings = list(checks.examine(settings, datetime.now(UTC)))
    failed = any(finding.level is checks.Level.FAIL for finding in findings)
    if as_json:
        told = {"schema_version": 1, "failed": failed, "checks": findings}
        click.echo(msgspec.json.encode(told))
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
