"""`carbonseed flash`, alone `carbonseed-flasher`: makes nodes of boards."""

import copy
import sys
from typing import NoReturn

import rich_click as click

from appliance.cli import flash_options as ours
from appliance.cli import run
from appliance.cli.flash_batch import batch
from appliance.cli.flash_board import board
from appliance.cli.flash_doctor import doctor
from appliance.cli.flash_image import image
from appliance.cli.flash_label import label
from appliance.cli.flash_line import line
from appliance.cli.flash_parts import build, provision, verify, write
from appliance.cli.flash_port import detect, erase, monitor, ports

COMMANDS = (
    board, line, label, batch, ports, detect, image, build, provision, write, verify, monitor,
    erase, doctor,
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="With an error, show where in the program it arose.")
@click.pass_context
def flash(ctx: click.RichContext, /, **_: bool) -> None:
    """Make nodes of boards: put their parts together, claim their identity, write and check them.

    One board in one command: board. Many at once: line. The other commands are its steps.
    """
    if ctx.invoked_subcommand != "doctor":
        ours.need_parts()


for command in COMMANDS:
    flash.add_command(command)
also = copy.copy(board)
also.name, also.hidden = "flash", True
flash.add_command(also)


def main() -> NoReturn:
    """Run `carbonseed-flasher`."""
    sys.exit(run(sys.argv[1:], flash, "carbonseed-flasher"))
