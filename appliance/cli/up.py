"""`carbonseed up`: the appliance here and now; with --demo, a whole plant in a box."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from appliance.cli import options
from appliance.cli.serve import announce
from appliance.cli.start import address, start, trust
from appliance.settings import Settings

if TYPE_CHECKING:
    from appliance.main import Started

DEMO_HOST = "127.0.0.1"
HISTORY_DAYS = 30
DEMO_REQUESTS_PER_MINUTE = 6000
"""The past comes in as fast as the appliance takes it."""


@click.command()
@options.data_dir
@options.ports
@click.option("--demo", is_flag=True, help="A plant with machines, people and simulated nodes.")
@click.option(
    "--history-days",
    type=click.FloatRange(0.1, 390),
    help=f"With --demo: how long its past is.  [{HISTORY_DAYS}]",
)
def up(
    *,
    demo: bool,
    history_days: float | None,
    data_dir: Path | None,
    host: str | None,
    **ports: int | None,
) -> None:
    """Run the appliance here, in the foreground. Ctrl-C ends it.

    The first start makes everything it needs: a database, a certificate authority, secrets.
    The demo listens on this machine alone and keeps its own data folder.
    """
    if not demo:
        if history_days:
            raise click.UsageError("--history-days is the length of the demo's past; add --demo.")
        start(options.settings(data_dir=data_dir, host=host, **ports), "all", announce)
        return
    settings = options.settings(data_dir=data_dir, host=host or DEMO_HOST, **ports)
    if data_dir is None:
        settings = _beside_the_real_one(settings)
    settings = msgspec.structs.replace(
        settings, device_requests_per_minute=DEMO_REQUESTS_PER_MINUTE, public_state_line=True
    )
    start(settings, "all", partial(_demo, history_days or HISTORY_DAYS))


def _beside_the_real_one(settings: Settings) -> Settings:
    data_dir = settings.data_dir.with_name(f"{settings.data_dir.name}-demo")
    return msgspec.structs.replace(settings, data_dir=data_dir)


async def _demo(history_days: float, started: "Started") -> None:
    from appliance.demo.run import run  # noqa: PLC0415  help needs none of it

    await run(started, history_days, _Terminal())


class _Terminal:
    """Shows the demo coming up, and then how to look at it."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} rows"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = self._progress.add_task("The plant gets its past", total=None)

    def loading(self, done: int, total: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total)
        self._progress.start()

    def ready(self, started: "Started", password: str) -> None:
        """Say where it is and who may sign in."""
        from appliance.demo.people import EVERYBODY  # noqa: PLC0415  it is loaded by now

        self._progress.stop()
        click.echo(
            "\n".join(
                (
                    "",
                    f"The demo plant runs at {address(started.running)}",
                    "",
                    f"Sign in with the password {password} as",
                    *(f"  {email:28} {role}" for email, role in EVERYBODY),
                    "",
                    "Try: watch the dashboard; in less than a minute the paint booth raises an",
                    "alert; acknowledge it as the operator. Later a press vibrates, the air",
                    "pressure falls, the conveyor's node loses its network.",
                    "",
                    trust(started.authority),
                    "",
                    "Ctrl-C ends everything; the next start goes on from here.",
                )
            )
        )
