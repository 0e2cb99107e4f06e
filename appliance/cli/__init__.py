"""The `carbonseed` command. A sub-command's module is loaded when it is called, never before."""

import importlib
import sys
import textwrap
import traceback
from collections.abc import Sequence
from typing import NoReturn

import click
from rich_click import RichCommand, RichGroup

from appliance.cli import exits
from appliance.errors import CarbonseedError

COMMANDS = {
    "up": "Run the appliance here, in the foreground; with --demo, a whole plant in a box.",
    "serve": "Run the appliance as a service: settings from the environment, plain log lines.",
    "status": "Ask a running appliance how it is.",
    "console": "Watch devices and acknowledge alerts in this terminal.",
    "doctor": "Check this machine: disk, clock, ports, PostgreSQL, certificates.",
    "setup": "Print a new link for the first administrator, and how to trust this box.",
    "backup": "Write everything to one file, while it runs or not; or verify such a file.",
    "restore": "Put a backup back; what is there is set aside.",
    "report": "Write a weekly, monthly or compliance report to a file.",
    "verify": "Prove a signed report, or an archive of sealed history, offline.",
    "export": "Write readings of any range, hot and sealed, to a file.",
    "score": "Score how unusual each reading of a CSV file is.",
    "user": "Add, list and disable people, or give them a new one-time code.",
    "device": "Add and list devices, give and revoke their keys.",
    "flash": "Make a node of a board: build, write, check, first reading.",
    "firmware": "Pack what nodes run, and add it to the releases of this box.",
    "version": "Print the version.",
}
"""Each is a module of this package with a click command of the same name."""


class _Lazy(RichGroup):
    """Knows its commands by name and one line; help needs no more."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people need them."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Load the module of the command that is called."""
        name, stub, rest = super().resolve_command(ctx, args)
        if name is None:
            return name, stub, rest
        return name, getattr(importlib.import_module(f"appliance.cli.{name}"), name), rest


@click.group(
    cls=_Lazy,
    commands=[RichCommand(name=name, help=line) for name, line in COMMANDS.items()],
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="For a first look: carbonseed up --demo. On a real box: carbonseed doctor, then up.",
)
@click.option("--debug", is_flag=True, help="With an error, show where in the program it arose.")
def cli(**_: bool) -> None:
    """Carbonseed: a factory's sensors, alarms and dashboards in one box."""


def main() -> NoReturn:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], program: click.Command = cli, name: str = "carbonseed") -> int:
    """Run one command line; return its exit code. Errors are told in words, on stderr."""
    try:
        outcome = program.main(list(arguments), prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return exits.INTERRUPTED
    except Exception as error:  # noqa: BLE001  the edge: nobody above would put it in words
        if "--debug" in arguments:
            traceback.print_exception(error)
        click.echo(f"{name}: {_told(error)}", err=True)
        return exits.of(error)
    return outcome if isinstance(outcome, int) else 0


def _told(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return (
            f"This user may not use {error.filename}. Run the command as the user that the "
            "appliance runs as, or name another --data-dir."
        )
    if isinstance(error, CarbonseedError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return (
            f"This command needs {error.name}, which is not installed. "
            'Run: pip install "carbonseed[appliance]"'
        )
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return textwrap.shorten(
        f"Something went wrong inside: {words}. Run `carbonseed --debug …` to see where.", 600
    )
