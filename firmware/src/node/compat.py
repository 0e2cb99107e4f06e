"""What differs between MicroPython and CPython; the rest of this package is the same on both."""

import asyncio
import gc
import os
import sys
import time

NEW = ".new"  # the end of a file's name while it is being written
MICROPYTHON = sys.implementation.name == "micropython"

# A board counts its seconds from 2000, a desktop from 1970.
_EPOCH_MS = 946684800000 if time.gmtime(0)[0] == 2000 else 0

if MICROPYTHON:
    from time import ticks_diff, ticks_ms

    def sync(file):
        """Brings what was written to `file` onto the medium."""
        file.flush()

    def say(text):
        """One line on the console."""
        print(text)

    def forget_loop():
        """Lets the next `asyncio.run` begin with nothing left of the one before."""
        asyncio.new_event_loop()

    def on_terminate(stop):
        """MicroPython has no signals: a termination is a power cut, which the spool is made for."""

    async def input_closed():
        """Returns when nobody holds the other end of the standard input any more."""
        reader = asyncio.StreamReader(sys.stdin.buffer)
        while await reader.read(64):
            pass

else:
    import signal

    def ticks_ms():
        return time.monotonic_ns() // 1000000

    def ticks_diff(later, earlier):
        return later - earlier

    def sync(file):
        """Brings what was written to `file` onto the medium."""
        file.flush()
        os.fsync(file.fileno())

    def say(text):
        """One line on the console."""
        print(text, flush=True)

    def forget_loop():
        """CPython's `asyncio.run` makes a loop each time."""

    def on_terminate(stop):
        """Calls `stop` when the process is asked to end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                asyncio.get_running_loop().add_signal_handler(number, stop)
            except RuntimeError:  # no such thing on Windows, where Ctrl-C is a KeyboardInterrupt
                return

    async def input_closed():
        """Returns when nobody holds the other end of the standard input any more."""
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin.buffer)
        while await reader.read(64):
            pass


class Uptime:
    """Milliseconds since it was made: never backwards, beyond the wrap of the hardware's ticks.

    Ask at least once in six days (half the shortest period of the ticks); sampling does.
    """

    def __init__(self, ticks=ticks_ms, diff=ticks_diff):
        self._ticks = ticks
        self._diff = diff
        self._last = ticks()
        self._ms = 0

    def __call__(self):
        ticks = self._ticks()
        self._ms += self._diff(ticks, self._last)
        self._last = ticks
        return self._ms


class Lent:
    """`with Lent(name) as module`: a module of this package that is not in memory otherwise.

    In a small heap it goes afterwards; CPython keeps it. Nothing of it may be held on to.
    """

    def __init__(self, name):
        self._name = name

    def __enter__(self):
        path = "node." + self._name
        try:
            __import__(path)
        except BaseException:  # half a module would be taken for the whole one
            self._forget()
            raise
        return sys.modules[path]

    def __exit__(self, *error):
        self._forget()

    def _forget(self):
        if MICROPYTHON:
            sys.modules.pop("node." + self._name, None)
            if hasattr(sys.modules["node"], self._name):
                delattr(sys.modules["node"], self._name)
            gc.collect()


def utc_ms():
    """UTC in ms by the system's clock, which is only as good as what set it."""
    return time.time_ns() // 1000000 + _EPOCH_MS


def make_folder(path):
    """Makes the folder and those above it, unless they are there."""
    parts = path.split("/")
    for i in range(1, len(parts) + 1):
        part = "/".join(parts[:i])
        if part and not exists(part):
            os.mkdir(part)


def exists(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def size(path):
    return os.stat(path)[6]


def discard(path):
    """Deletes a file if it is there; what the flash keeps comes again after a restart."""
    try:
        if exists(path):
            os.remove(path)
    except OSError as error:
        say("flash: cannot delete %s: %s" % (path, error))


def replace(path, data):
    """Writes a small file so that a power cut leaves the old or the new content, never a half."""
    with open(path + NEW, "wb") as file:
        if hasattr(os, "chmod") and exists(path):  # who could not read a key still cannot
            os.chmod(path + NEW, os.stat(path)[0] & 0o777)
        file.write(data)
        sync(file)
    os.rename(path + NEW, path)
