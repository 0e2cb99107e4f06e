"""What a technician is told while a board is made: steps in words, and how far a long one is."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

import msgspec


class Phase(StrEnum):
    """The parts of making a board, in their order."""

    DETECT = "detect"
    CHECK = "check"
    CLAIM = "claim"
    WRITE = "write"
    VERIFY = "verify"
    BOOT = "boot"
    REGISTER = "register"
    LABEL = "label"


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """A part of making a board begins."""

    phase: Phase


class Known(msgspec.Struct, frozen=True, tag="known"):
    """What has come out about the board."""

    mac: str = ""
    board: str = ""
    device: str = ""


class Step(msgspec.Struct, frozen=True, tag="step"):
    """Something was done or is being done, in words."""

    name: str
    text: str


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far the step is; both in bytes of flash."""

    name: str
    done: int
    total: int


Event: TypeAlias = Begin | Known | Step | Progress
Tell: TypeAlias = Callable[[Event], None]
