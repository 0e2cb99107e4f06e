"""What is known of an epoch beside its rows: when its uptime 0 was, and how many rows were lost."""

import json
import os

from . import compat

_SUFFIX = ".epoch"


class Epoch:
    """`base`: UTC ms of uptime 0; `dropped`: rows lost; `next`: the row after the last lost."""

    def __init__(self, boot, epoch, base=None, dropped=0, next=0):
        self.boot = boot
        self.epoch = epoch
        self.base = base
        self.dropped = dropped
        self.next = next

    def path(self, folder):
        return "%s/%08x-%s%s" % (folder, self.boot, self.epoch, _SUFFIX)

    def save(self, folder):
        """Raises OSError."""
        known = [self.base, self.dropped, self.next]
        compat.replace(self.path(folder), json.dumps(known).encode())

    def remove(self, folder):
        compat.discard(self.path(folder))


def load(folder, boot, epoch):
    """What is known of an epoch; nothing where no file of it can be read."""
    found = Epoch(boot, epoch)
    try:
        with open(found.path(folder)) as file:
            found.base, found.dropped, found.next = json.loads(file.read())
    except (OSError, ValueError, TypeError):
        return Epoch(boot, epoch)
    return found


def listed(folder):
    """(boot, epoch) of every epoch with a file, oldest first."""
    found = []
    for name in sorted(os.listdir(folder)):
        boot, _, epoch = name[: -len(_SUFFIX)].partition("-")
        if name.endswith(_SUFFIX) and len(boot) == 8 and len(epoch) == 16:
            found.append((int(boot, 16), epoch))
    return found
