"""Runs on a board before main.py: chooses the slot whose application is started.

`/slot` holds the slot's letter and, while that application is on trial, how often it was started:
`b2`. It is replaced as a whole. After three starts without a delivery the other slot is taken, and
`a!` says so until the appliance has been told. boot.py and main.py are never updated.
"""

import gc
import os
import sys

TRIES = 3
TRIAL_MS = 600000  # an application on trial that has not delivered by then is started anew


def read(root):
    """(letter, what follows it); a board fresh from the flasher has no such file."""
    try:
        with open(root + "/slot") as file:
            state = file.read()
    except OSError:
        return "a", ""
    return state[:1], state[1:]


def write(root, state):
    """Replaces the file; a power cut leaves the old or the new content."""
    with open(root + "/slot.new", "w") as file:
        file.write(state)
    os.rename(root + "/slot.new", root + "/slot")


def choose(root):
    """The letter of the slot to start, counting the starts of one on trial."""
    slot, tried = read(root)
    if not tried.isdigit():
        return slot
    other = "a" if slot == "b" else "b"
    try:
        if int(tried) >= TRIES:
            write(root, other + "!")
            return other
        write(root, slot + str(int(tried) + 1))
    except OSError:  # starts that cannot be counted would never end
        return other
    return slot


def watch(root):
    """Starts the board anew when its application is still on trial after a while."""
    try:
        from machine import Timer, reset
    except ImportError:
        return
    over = lambda timer: read(root)[1].isdigit() and reset()  # noqa: E731
    Timer(0).init(period=TRIAL_MS, mode=Timer.ONE_SHOT, callback=over)


if __name__ == "__main__":
    gc.threshold(16384)  # collects early, so that a small heap stays in large pieces
    sys.path.insert(0, "/" + choose(""))
    if read("")[1].isdigit():
        watch("")
