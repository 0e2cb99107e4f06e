"""Which pins a chip has free for sensors, and which each bus uses unless it is told otherwise.

`firmware/boards.toml` holds the same for people and for the flasher; a test compares them.
"""

import sys


class Pins:
    """free: in and out; inputs: in alone, without a pull-up; analog: of the ADC that works beside
    Wi-Fi; usual: the pin of each purpose. What is not listed is not there, or starts the chip, or
    belongs to its flash, its USB or its console."""

    def __init__(self, label, free, inputs, analog, usual):
        self.label = label
        self.free = free
        self.inputs = inputs
        self.analog = analog
        self.usual = dict(zip(PURPOSES, usual))  # noqa: B905

    def check(self, pin, writes, analog=False):
        """Why this pin cannot be used so, None where it can."""
        if pin not in self.free and pin not in self.inputs:
            return "pin %d is not free on an %s" % (pin, self.label)
        if writes and pin in self.inputs:
            return "pin %d of an %s can only be read" % (pin, self.label)
        if analog and pin not in self.analog:
            listed = ", ".join([str(one) for one in self.analog])
            return "pin %d of an %s is not analog; these are: %s" % (pin, self.label, listed)
        return None


PURPOSES = ("sck", "mosi", "miso", "cs", "sda", "scl", "one_wire", "analog", "pulse", "run")

CHIPS = {
    "ESP32": Pins(
        "ESP32",
        (4, 13, 14, 16, 17, 18, 19, 21, 22, 23, 25, 26, 27, 32, 33),
        (34, 35, 36, 39),
        (32, 33, 34, 35, 36, 39),
        (18, 23, 19, 27, 21, 22, 4, 34, 25, 26),
    ),
    "ESP32S3": Pins(
        "ESP32-S3",
        (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 38, 39, 40, 41, 42)
        + (47, 48),
        (),
        (1, 2, 4, 5, 6, 7, 8, 9, 10),
        (12, 11, 13, 10, 8, 9, 4, 1, 5, 6),
    ),
    "ESP32C3": Pins(  # it has too few for all at once: three purposes share two pins
        "ESP32-C3",
        (0, 1, 3, 4, 5, 6, 7, 10),
        (),
        (0, 1, 3, 4),
        (4, 6, 5, 7, 0, 1, 10, 3, 10, 3),
    ),
    "ESP32C6": Pins(
        "ESP32-C6",
        (0, 1, 2, 3, 6, 7, 10, 11, 18, 19, 20, 21, 22, 23),
        (),
        (0, 1, 2, 3, 6),
        (19, 18, 20, 21, 6, 7, 10, 0, 22, 23),
    ),
}


def of_this_chip():
    """The pins of the chip this runs on; the first of the list where it is not known."""
    machine = getattr(sys.implementation, "_machine", "")
    return CHIPS.get(machine.rsplit(" ", 1)[-1], CHIPS["ESP32"])
