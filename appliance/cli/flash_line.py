"""`carbonseed-flasher line`: many boards at once, each port a lane."""

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich_click as click

from appliance.cli import exits
from appliance.cli import flash_options as ours
from appliance.errors import CarbonseedError
from flasher import flow
from flasher import label as labels
from flasher import ports as flasher_ports
from flasher.events import Begin, Phase, Step, Tell
from flasher.flow import Made
from flasher.label import Label
from flasher.lanes import LOOK_SECONDS, Lanes
from flasher.line import Happening, Shift
from flasher.records import Records

Make = Callable[[str, Tell], Made]
Took = Callable[[str, Happening], None]


@click.command()
@click.option("--port", "only", multiple=True, help="This port alone; may be repeated.  [all]")
@ours.identities
@ours.making
@click.option("--label-printer", help="Print a label of each: host or host:port, in ZPL.")
@click.option("--labels", type=ours.FOLDER, help="Put a label of each into this folder, as .png.")
@click.option("--records", type=ours.FOLDER, required=True, help="Logs and the CSV of the shift.")
@click.option("--plain", is_flag=True, help="Lines instead of a screen.")
@click.option("--count", type=click.IntRange(1), help="With --plain: stop after so many boards.")
def line(*, only: tuple[str, ...], plain: bool, count: int | None, **given: Any) -> int:
    """Make many boards at once: plug one in, wait for PASS, take it out, plug in the next.

    Each board becomes the device of --name, which therefore holds {mac}, or the next of --batch.
    """
    if given["name"] is not None and "{mac}" not in given["name"]:
        raise click.UsageError("All boards would have one name. Put {mac} into --name.")
    records = Records(given["records"], lambda: datetime.now(UTC))
    with ours.the_source(given) as source:

        def make(port: str, tell: Tell) -> Made:
            made = flow.make(port, source.recipe, source.identities, tell)
            label = _label(made, source.url, source.batch)
            put_label(label, given["labels"], given["label_printer"], tell)
            return made

        return run(_watched(only), make, records, plain=plain, count=count)


def run(
    ports: Callable[[], Iterable[str]],
    make: Make,
    records: Records,
    *,
    plain: bool,
    count: int | None,
) -> int:
    """Work through a shift, on a screen or in lines; the exit code."""
    if plain or not sys.stdout.isatty():
        shift = _lines(ports, make, records, count)
    else:
        shift = _screen(ports, make, records)
    click.echo(f"{shift.passed} passed, {shift.failed} failed. Records: {records.csv}", err=True)
    if shift.failed:
        return exits.PARTIAL if shift.passed else exits.FAILURE
    return 0


def put_label(label: Label, folder: Path | None, printer: str | None, tell: Tell) -> None:
    """Print a label where one is wanted; a board without one is still made."""
    if folder is None and printer is None:
        return
    tell(Begin(Phase.LABEL))
    try:
        if folder is not None:
            labels.write([label], folder / f"{label.device_id}.png")
        if printer is not None:
            labels.send([label], printer)
    except CarbonseedError as error:
        tell(Step("label", f"No label: {error} Later: carbonseed-flasher label --shift"))
    else:
        tell(Step("label", f"The label says {label.payload}."))


def _label(made: Made, url: str, batch: str) -> Label:
    return Label(made.device, made.device_id, url, made.mac, made.firmware, batch)


def _watched(only: tuple[str, ...]) -> Callable[[], Iterable[str]]:
    """Which of the wished-for ports, or of all, have a board now; a network port always has."""

    def ports() -> list[str]:
        there = [port.device for port in flasher_ports.candidates()]
        if only:
            return [port for port in only if port in there or "://" in port]
        return there

    return ports


def _lines(
    ports: Callable[[], Iterable[str]], make: Make, records: Records, count: int | None
) -> Shift:
    """One line a step on stderr, one a verdict on stdout."""

    def report(port: str, event: Happening) -> None:
        lane, ended = records.take(port, event)
        if isinstance(event, Step):
            click.echo(f"{port}  {event.name:8} {event.text}", err=True)
        if ended:
            click.echo(f"{lane.state}  {port}  {lane.device or lane.mac or '-'}  {lane.words}")

    with Lanes(ports, make, report):
        while count is None or records.shift.passed + records.shift.failed < count:
            time.sleep(LOOK_SECONDS)
    return records.shift


def _screen(ports: Callable[[], Iterable[str]], make: Make, records: Records) -> Shift:
    try:
        from tui.line.app import Line  # noqa: PLC0415  help needs none of it
    except ModuleNotFoundError as error:
        raise CarbonseedError(
            f"The line's screen needs {error.name}, which is not installed. "
            'Run: pip install "carbonseed[flasher]", or use --plain.'
        ) from error
    with ExitStack() as working:

        def begin(take: Took) -> Lanes:
            def report(port: str, event: Happening) -> None:
                records.take(port, event)
                take(port, event)

            return working.enter_context(Lanes(ports, make, report))

        Line(begin, working.close, time.time).run()
    return records.shift
