"""What a technician is told while a board is made: steps in words, and how far a long one is."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec


class Step(msgspec.Struct, frozen=True, tag="step"):
    """Something was done or is being done, in words."""

    name: str
    text: str


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How far the step is; both in bytes of flash."""

    name: str
    done: int
    total: int


Event: TypeAlias = Step | Progress
Tell: TypeAlias = Callable[[Event], None]
