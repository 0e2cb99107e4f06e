"""What the demo keeps: how far it has come, its password, and a folder for each node."""

import os
from pathlib import Path

import msgspec

from appliance.errors import CarbonseedError


class State(msgspec.Struct, frozen=True):
    """How far the demo has come, so that the next start goes on from there."""

    password: str
    with_past: tuple[str, ...] = ()
    """The nodes whose past has been delivered."""
    complete: bool = False
    model_port: int = 0
    """Where the demo's model listened last; 0: nowhere yet."""


class Folder:
    """The demo's folder."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "demo"
        self._state_file = self.path / "state.json"

    def node(self, name: str) -> Path:
        """The folder of a node: its configuration, its key, what it has not sent yet."""
        return self.path / "nodes" / name

    def load(self) -> State | None:
        """How far an earlier start has come, None if there was none."""
        try:
            return msgspec.json.decode(self._state_file.read_bytes(), type=State)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise CarbonseedError(
                f"{self._state_file} cannot be read: {error}. Remove the data folder "
                f"{self.path.parent} and start anew."
            ) from error

    def save(self, state: State) -> None:
        """Remember how far the demo has come."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        write_private(self._state_file, msgspec.json.encode(state))


def write_private(file: Path, content: bytes) -> None:
    """Replace a file in one step; nobody but its owner reads it, from its first byte on."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(file)
