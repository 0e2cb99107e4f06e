"""Starting the appliance from a command, and what its first reader needs to know."""

import socket
from typing import TYPE_CHECKING

from appliance import data_dir, logs
from appliance.settings import Settings

if TYPE_CHECKING:
    from appliance.main import Beside, Started


def start(settings: Settings, role: str, *beside: "Beside") -> None:
    """Run the appliance until it is stopped."""
    logs.configure()
    data_dir.prepare(settings)
    from appliance import main  # noqa: PLC0415  loads what looks into the data folder

    main.run(settings, main.Role(role), *beside)


def address(started: "Started") -> str:
    """Where people find the appliance."""
    host = started.running.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        host = socket.gethostname()
    return f"https://{f'[{host}]' if ':' in host else host}:{started.running.people_port}"


def first_steps(started: "Started") -> str:
    """The address, and the way in while there is no administrator."""
    lines = [f"Carbonseed runs at {address(started)}"]
    if started.setup_code:
        lines += [
            "Become its first administrator, once and within a day:",
            f"  {address(started)}/setup?code={started.setup_code}",
        ]
    return "\n".join([*lines, trust(started)])


def trust(started: "Started") -> str:
    """What a browser and a node must be told to trust."""
    from appliance.identity.certificates import fingerprint  # noqa: PLC0415  it is loaded by now

    return (
        f"Browsers and nodes trust it by the plant's CA: {started.authority}\n"
        f"  SHA-256 {fingerprint(started.authority)}"
    )
