"""A line's state machine: what a lane shows after which events."""

import pytest

from flasher.events import Begin, Known, Phase, Progress, Step
from flasher.line import Failed, Lane, Passed, Plugged, Shift, State, Unplugged, advance

PORT = "/dev/ttyUSB0"


def after(*events, start: float = 100.0) -> Shift:
    shift = Shift()
    for i, event in enumerate(events):
        shift = advance(shift, PORT, event, start + i)
    return shift


def lane(*events) -> Lane:
    return after(*events).lanes[PORT]


def test_a_board_goes_through_every_part_to_its_verdict() -> None:
    events = [Plugged(), *[Begin(phase) for phase in Phase]]
    for i, phase in enumerate(Phase):
        there = lane(*events[: i + 2])
        assert (there.state, there.phase) == (State.BUSY, phase)
    shift = after(*events, Passed(7, "Kiln 3", "temperature 850"))
    assert shift.lanes[PORT].state is State.PASS
    assert (shift.passed, shift.failed) == (1, 0)
    assert shift.lanes[PORT].seconds(9999) == 9


def test_what_is_known_stays_while_words_change() -> None:
    there = lane(
        Plugged(),
        Known(mac="24:0a:c4:00:00:01"),
        Known(board="ESP32"),
        Step("check", "Put together."),
        Known(device="Kiln 3"),
    )
    assert (there.mac, there.board, there.device) == ("24:0a:c4:00:00:01", "ESP32", "Kiln 3")
    assert there.words == "Put together."


def test_the_rate_is_that_of_the_writing_alone_and_begins_anew_with_it() -> None:
    begun = [Plugged(), Begin(Phase.WRITE), Progress("write", 0, 400_000)]
    assert lane(*begun, Progress("write", 200_000, 400_000)).kilobytes_per_second == 200
    slower = [*begun, Progress("write", 200_000, 400_000), Progress("write", 50_000, 400_000)]
    assert lane(*slower, Progress("write", 100_000, 400_000)).kilobytes_per_second == 100
    assert lane(*slower).done == 50_000


def test_a_failure_counts_once_and_late_words_change_nothing() -> None:
    shift = after(
        Plugged(),
        Failed("No answer."),
        Failed("Again."),
        Passed(1, "Kiln", "late"),
        Begin(Phase.WRITE),
        Step("x", "y"),
    )
    there = shift.lanes[PORT]
    assert (there.state, there.words, shift.failed, shift.passed) == (
        State.FAIL,
        "No answer.",
        1,
        0,
    )


def test_the_next_board_begins_clean() -> None:
    shift = after(Plugged(), Known(mac="24:0a:c4:00:00:01"), Failed("No answer."), Unplugged())
    assert shift.lanes[PORT] == Lane(PORT)
    there = advance(shift, PORT, Plugged(), 200.0)
    assert there.lanes[PORT] == Lane(PORT, State.BUSY, began=200.0)
    assert there.failed == 1


@pytest.mark.parametrize("event", [Plugged(), Unplugged()])
def test_a_plug_that_moves_while_a_board_is_made_is_no_other_board(event) -> None:
    before = [Plugged(), Begin(Phase.WRITE), Known(mac="24:0a:c4:00:00:01")]
    assert lane(*before, event) == lane(*before)


def test_lanes_do_not_touch_one_another() -> None:
    shift = after(Plugged(), Passed(1, "Kiln", ""))
    other = advance(shift, "/dev/ttyUSB1", Plugged(), 300.0)
    assert other.lanes[PORT] == shift.lanes[PORT]
    assert other.lanes["/dev/ttyUSB1"].state is State.BUSY
