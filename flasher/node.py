"""A node's configuration: what is the same for many, and what the appliance says of this one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import Unprocessable
from flasher.filesystem import SOURCES

CHECK = """
import json, sys
sys.path.insert(0, sys.argv[1])
from node import config
try:
    config.checked(json.loads(sys.stdin.read()), "/")
except (config.ConfigError, AttributeError, TypeError) as error:
    sys.exit(str(error))
"""
"""Run beside the node's own sources: it refuses what a board would refuse."""


class Home(msgspec.Struct, frozen=True):
    """Where a node sends: the name it checks, the authority it trusts (PEM).
    modulus: of the key (RSA, hex) whose firmware it takes; empty: it takes none."""

    port: int
    name: str
    ca: str
    modulus: str = ""


class Wifi(msgspec.Struct, frozen=True):
    """The network a node joins."""

    ssid: str
    password: str


def template(file: Path) -> dict[str, Any]:
    """What is the same for many nodes: sensors, sampling, perhaps Wi-Fi; as the node takes it."""
    try:
        read = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise Unprocessable(f"{file} is not JSON: {error}.") from error
    if not isinstance(read, dict):
        raise Unprocessable(f"{file} is not a JSON object.")
    for given in ("server", "key", "key_file", "firmware"):
        if given in read:
            raise Unprocessable(f"Take {given} out of {file}: the flasher puts it in itself.")
    return read


def configure(
    shared: dict[str, Any], host: str, home: Home, wifi: Wifi | None, made_ms: int
) -> dict[str, Any]:
    """The whole configuration but the key. made_ms: UTC now; the board's clock begins there."""
    board = {**shared.get("board", {}), "made_ms": made_ms}
    if wifi is not None:
        board["wifi"] = msgspec.to_builtins(wifi)
    if not board.get("wifi"):
        raise Unprocessable("The board needs a Wi-Fi network: say which with --wifi.")
    server = {"host": host, "port": home.port, "name": home.name, "ca": home.ca}
    config = {**shared, "server": server, "board": board}
    return {**config, "firmware": {"modulus": home.modulus}} if home.modulus else config


def check(shared: dict[str, Any], wifi: Wifi | None, sources: Path = SOURCES) -> None:
    """Let the node's own code judge what is the same for many, before any board is touched."""
    config = configure(shared, "appliance", Home(8444, "appliance", "-----BEGIN"), wifi, 1)
    for spec in config.get("sensors") or []:
        driver = spec.get("driver") if isinstance(spec, dict) else None
        file = sources / "drivers" / f"{driver}.py"
        if isinstance(driver, str) and not (driver.isidentifier() and file.is_file()):
            raise Unprocessable(f"There is no driver {driver} for a node.")
    if said := _refusal(config, sources):
        raise Unprocessable(f"A node would refuse this configuration: {said}.")


def _refusal(config: dict[str, Any], sources: Path) -> str | None:
    """What the node's own code has against a configuration."""
    judged = subprocess.run(
        [sys.executable, "-c", CHECK, str(sources)],
        input=json.dumps({**config, "key": "some key"}),
        capture_output=True,
        text=True,
        check=False,
    )
    if judged.returncode == 0:
        return None
    return (judged.stderr.strip().splitlines() or ["it gave no reason"])[-1]


def blobs(config: dict[str, Any], key: str) -> dict[str, bytes]:
    """What goes into the board's NVS, by name."""
    return {"config": json.dumps(config, separators=(",", ":")).encode(), "key": key.encode()}
