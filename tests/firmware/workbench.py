"""What the node's tests share, on both interpreters: folders, golden messages, a clock."""

import json
import os

HERE = __file__.rsplit("/", 1)[0]

_folders = []


def vectors(name):
    """The cases of a file of golden messages."""
    with open(HERE + "/../vectors/" + name) as file:
        return json.load(file)["cases"]


def folder():
    """A new empty folder of this test."""
    _folders.append(None)
    path = "%s/%d" % (os.getenv("NODE_TEST_FOLDER"), len(_folders))
    os.mkdir(path)
    return path


def server():
    """What the test server wrote about itself, and its CA."""
    with open(os.getenv("NODE_TEST_SERVER") + "/server.json") as file:
        return json.load(file)


def read(path, mode="r"):
    with open(path, mode) as file:
        return file.read()


class Clock:
    """An uptime that stands still until the test moves it."""

    def __init__(self, ms=0):
        self.ms = ms

    def __call__(self):
        return self.ms


class BadFlash:
    """Within `with`, the files of `module` take `takes` bytes more; those in `unreadable` fail."""

    def __init__(self, module, takes=None, unreadable=(), errno=5):
        self.module = module
        self.takes = takes
        self.unreadable = unreadable
        self.errno = errno

    def __enter__(self):
        self.module.open = lambda path, mode: BadFile(self, path, mode)

    def __exit__(self, *_):
        self.module.open = open


class BadFile:
    """A file of a bad flash; what it took before it failed is on the medium."""

    def __init__(self, flash, path, mode):
        self.flash = flash
        self.readable = path.rsplit("/", 1)[1] not in flash.unreadable
        self.file = open(path, mode)  # noqa: SIM115  closed by close(), as the file it stands for
        self.seek = self.file.seek
        self.flush = self.file.flush
        if hasattr(self.file, "fileno"):
            self.fileno = self.file.fileno

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def read(self, count):
        if not self.readable:
            raise OSError(self.flash.errno)
        return self.file.read(count)

    def write(self, data):
        takes = self.flash.takes
        if takes is not None:
            self.flash.takes = max(0, takes - len(data))
        self.file.write(data if takes is None else data[:takes])
        if takes is not None and takes < len(data):
            raise OSError(self.flash.errno)


LIMITS = {
    "max_bytes": 1048576,
    "segment_bytes": 8192,
    "flush_rows": 10,
    "flush_ms": 10000,
    "memory_rows": 60,
}
