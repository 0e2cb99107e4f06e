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
    path = "%s/%d" % (os.getenv("CARBONSEED_NODE_TEST_FOLDER"), len(_folders))
    os.mkdir(path)
    return path


def server():
    """What the test server wrote about itself, and its CA."""
    with open(os.getenv("CARBONSEED_NODE_TEST_SERVER") + "/server.json") as file:
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


LIMITS = {
    "max_bytes": 1048576,
    "segment_bytes": 8192,
    "flush_rows": 10,
    "flush_ms": 10000,
    "memory_rows": 60,
}
