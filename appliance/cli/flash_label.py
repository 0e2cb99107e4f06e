"""`carbonseed-flasher label`: prints labels of boards that were made."""

import csv
from pathlib import Path
from typing import Any

import rich_click as click
from msgspec.structs import replace

from appliance.cli import flash_options as ours
from appliance.errors import NotFound
from flasher import label as labels
from flasher.label import Label


@click.command()
@click.option("--url", required=True, help="The appliance, as phones in the plant reach it.")
@click.option("--shift", type=ours.FILE, help="The CSV of a shift: every board that passed.")
@click.option("--id", "device_id", type=click.IntRange(1), help="One device, by its number.")
@click.option("--name", help="What that device is called; with --shift, this one alone.")
@click.option("--mac", default="", help="Its board.")
@click.option("--firmware", default="", help="What to print as the firmware's version.")
@click.option("--batch", default="", help="What to print as the batch.")
@click.option("--out", type=ours.FILE_OUT, help="A file that ends in .pdf, .png or .zpl.")
@click.option("--printer", help="A network label printer that knows ZPL: host or host:port.")
def label(*, shift: Path | None, out: Path | None, printer: str | None, **given: Any) -> None:
    """Print labels: name, number, MAC, and a QR code that opens the device's page. Never a key."""
    if out is None and printer is None:
        raise click.UsageError("Say where to: --out FILE or --printer HOST.")
    common = Label(
        given["name"] or "",
        given["device_id"] or 0,
        given["url"],
        given["mac"],
        given["firmware"],
        given["batch"],
    )
    if shift is not None:
        made = _of_shift(shift, given["name"], common)
    elif common.device_id and common.name:
        made = [common]
    else:
        raise click.UsageError("Say which: --shift CSV, or --id and --name.")
    if out is not None:
        labels.write(made, out)
    if printer is not None:
        labels.send(made, printer)
    click.echo(f"Labels: {', '.join(one.name for one in made)}")


def _of_shift(file: Path, name: str | None, common: Label) -> list[Label]:
    with file.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row.get("result") == "PASS"]
    latest = {row["device_id"]: row for row in rows if name in (None, row["device"])}
    if not latest:
        raise NotFound(f"{file.name} tells of no {'such ' if name else ''}board that passed.")
    return [
        replace(common, name=row["device"], device_id=int(number), mac=row["mac"])
        for number, row in latest.items()
    ]
