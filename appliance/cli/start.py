"""Starting the appliance from a command, and what its first reader needs to know."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

from appliance import data_dir, logs
from appliance.backup import swap
from appliance.settings import Settings

if TYPE_CHECKING:
    from appliance.main import Beside
    from appliance.running import Running


def start(settings: Settings, role: str, *beside: "Beside") -> None:
    """Run the appliance until it is stopped."""
    logs.configure()
    swap.refuse_unfinished(settings.data_dir)
    made = data_dir.prepare(settings)
    from appliance import main  # noqa: PLC0415  loads what looks into the data folder

    try:
        main.run(settings, main.Role(role), *beside)
    except BaseException:
        data_dir.take_back(settings, made)
        raise


def address(running: "Running") -> str:
    """Where people find the appliance."""
    host = running.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        host = socket.gethostname()
    return f"https://{f'[{host}]' if ':' in host else host}:{running.people_port}"


def first_steps(where: str, setup_code: str | None, authority: Path) -> str:
    """The way in while there is no administrator, and what to trust."""
    lines = []
    if setup_code:
        lines += [
            "Become its first administrator, once and within a day:",
            f"  {where}/setup?code={setup_code}",
        ]
    return "\n".join([*lines, trust(authority)])


def trust(authority: Path) -> str:
    """What a browser and a node must be told to trust."""
    from appliance.identity.certificates import fingerprint  # noqa: PLC0415  it is loaded by now

    return (
        f"Browsers and nodes trust it by the plant's CA: {authority}\n"
        f"  SHA-256 {fingerprint(authority)}"
    )
