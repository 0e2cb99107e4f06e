"""A production line as a state machine: events of boards in, lanes out; nothing else happens."""

from enum import StrEnum
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from flasher.events import Begin, Event, Known, Phase, Step


class State(StrEnum):
    """How a lane stands."""

    EMPTY = "EMPTY"
    BUSY = "BUSY"
    PASS = "PASS"  # noqa: S105  a verdict
    FAIL = "FAIL"


class Plugged(msgspec.Struct, frozen=True, tag="plugged"):
    """A board has come, or is to be made once more."""


class Unplugged(msgspec.Struct, frozen=True, tag="unplugged"):
    """The board is gone."""


class Passed(msgspec.Struct, frozen=True, tag="passed"):
    """The board is a device; words: what its log should say of it."""

    device_id: int
    device: str
    words: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The board is none; words: why, and what to do."""

    words: str


Happening: TypeAlias = Event | Plugged | Unplugged | Passed | Failed


class Lane(msgspec.Struct, frozen=True):
    """One port. Times in seconds of whatever clock the events carry; done and total in bytes."""

    port: str
    state: State = State.EMPTY
    phase: Phase | None = None
    words: str = ""
    mac: str = ""
    board: str = ""
    device: str = ""
    done: int = 0
    total: int = 0
    began: float = 0.0
    ended: float = 0.0
    writing_since: float | None = None
    kilobytes_per_second: float = 0.0

    def seconds(self, now: float) -> float:
        """How long the board has been worked on, or was."""
        if self.state is State.EMPTY:
            return 0.0
        return (now if self.state is State.BUSY else self.ended) - self.began


class Shift(msgspec.Struct, frozen=True):
    """All lanes by port, and how many boards have passed and failed."""

    lanes: dict[str, Lane] = {}
    passed: int = 0
    failed: int = 0


def advance(shift: Shift, port: str, event: Happening, at: float) -> Shift:
    """The shift after an event on a port."""
    lane = shift.lanes.get(port) or Lane(port)
    after = _lane(lane, event, at)
    ended = lane.state is State.BUSY
    return Shift(
        lanes={**shift.lanes, port: after},
        passed=shift.passed + (ended and after.state is State.PASS),
        failed=shift.failed + (ended and after.state is State.FAIL),
    )


def _lane(lane: Lane, event: Happening, at: float) -> Lane:
    if isinstance(event, Plugged):
        return lane if lane.state is State.BUSY else Lane(lane.port, State.BUSY, began=at)
    if isinstance(event, Unplugged):  # while it is worked on, the work itself finds out
        return lane if lane.state is State.BUSY else Lane(lane.port)
    if lane.state is not State.BUSY:
        return lane  # late words about a board that is done with
    if isinstance(event, Passed):
        done = {"device": event.device, "words": event.words, "ended": at}
        return replace(lane, state=State.PASS, **done)
    if isinstance(event, Failed):
        return replace(lane, state=State.FAIL, words=event.words, ended=at)
    return _working(lane, event, at)


def _working(lane: Lane, event: Event, at: float) -> Lane:
    if isinstance(event, Begin):
        return replace(lane, phase=event.phase, done=0, total=0, writing_since=None)
    if isinstance(event, Known):
        told = {name: value for name, value in msgspec.structs.asdict(event).items() if value}
        return replace(lane, **told)
    if isinstance(event, Step):
        return replace(lane, words=event.text)
    since = lane.writing_since
    if since is None or event.done < lane.done:  # it begins, or begins anew at a slower rate
        return replace(lane, done=event.done, total=event.total, writing_since=at)
    rate = event.done / 1000 / (at - since) if at > since else lane.kilobytes_per_second
    return replace(lane, done=event.done, total=event.total, kilobytes_per_second=rate)
