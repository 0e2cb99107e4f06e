"""The two slots of a board: in which one this application lies, and whether it is on trial.

boot.py, which stays as flashed, reads and counts in the file `slot`; see there for what is in it.
"""

from . import compat

_FILE = "/slot"
_VERSION = "/version"
_SOURCES = "0.0+source"  # the version of a node that runs from its sources


class Refused(Exception):
    """An application that this node does not take; the message says why."""


class Slots:
    """`slot`: the letter of this application's, None where there are none; `version`: its own;
    `back`: the version that the board has come back from, None unless that is news."""

    def __init__(self, root, slot):
        self._root = root
        self.slot = slot
        self.back = None
        self.on_trial = False
        if slot is None:
            self.version = _SOURCES
            return
        self.version = _read(self.folder(slot) + _VERSION, "0.0")
        state = _read(root + _FILE, slot)
        if state[:1] != slot or state[1:] == "!":
            self.back = _read(self.folder(self.idle) + _VERSION, "0.0")
        else:
            self.on_trial = state[1:].isdigit()

    @property
    def idle(self):
        """The letter of the other slot."""
        return "a" if self.slot == "b" else "b"

    def folder(self, slot):
        return self._root + "/" + slot

    def keep(self):
        """This application is the one to start from now on. Raises OSError."""
        compat.replace(self._root + _FILE, self.slot.encode())
        self.on_trial = False
        self.back = None

    def open(self):
        """The folder of the other slot; what is in it is no application until `close`."""
        folder = self.folder(self.idle)
        compat.make_folder(folder)
        compat.discard(folder + _VERSION)
        return folder

    def close(self, version):
        """What is in the other slot is whole: the next start tries it. Raises OSError."""
        compat.replace(self.folder(self.idle) + _VERSION, version.encode())
        compat.replace(self._root + _FILE, self.idle.encode() + b"0")


def running():
    """The slots of this board, or of a desktop that has none."""
    parts = __file__.split("/")
    root = "/".join(parts[:-3])
    if len(parts) > 3 and parts[-3] in ("a", "b") and compat.exists(root + "/boot.py"):
        return Slots(root, parts[-3])
    return Slots(root, None)


def _read(path, otherwise):
    try:
        with open(path) as file:
            return file.read().strip() or otherwise
    except OSError:
        return otherwise
