from hypothesis import given
from hypothesis import strategies as st

from tui.plot import Frame, Point, draw, limit_row, span, with_limit

FRAME = Frame(from_ms=0, to_ms=100, low=0.0, high=10.0, width=10, height=4)


def dots(lines: list[str]) -> int:
    return sum((ord(char) - 0x2800).bit_count() for line in lines for char in line if char != " ")


def test_a_lone_reading_is_one_dot_where_it_belongs() -> None:
    lines = draw([Point(0, 10.0)], FRAME, gap_ms=10)
    assert dots(lines) == 1
    assert lines[0][0] == "⠁"
    assert draw([Point(100, 0.0)], FRAME, gap_ms=10)[3][9] == "⢀"


def test_neighbours_are_joined_and_a_gap_stays_a_gap() -> None:
    points = [Point(0, 5.0), Point(50, 5.0)]
    assert dots(draw(points, FRAME, gap_ms=50)) == 11
    assert dots(draw(points, FRAME, gap_ms=49)) == 2


def test_a_spike_is_a_line_of_full_height() -> None:
    lines = draw([Point(50, 0.0), Point(50, 10.0)], FRAME, gap_ms=50)
    assert [line[5] for line in lines] == ["⡇"] * 4


def test_what_is_outside_of_the_time_asked_for_is_not_drawn() -> None:
    assert dots(draw([Point(-1, 5.0), Point(101, 5.0)], FRAME, gap_ms=1000)) == 0


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_every_value_finds_its_place_in_the_frame(values: list[float]) -> None:
    low, high = span(values)
    assert low < min(values) <= max(values) < high
    frame = FRAME._replace(low=low, high=high)
    lines = draw([Point(n * 2, value) for n, value in enumerate(values)], frame, gap_ms=2)
    assert [len(line) for line in lines] == [10] * 4
    assert dots(lines) >= 1
    assert all(0 <= limit_row(value, frame) < 4 for value in values)


def test_a_limit_runs_behind_the_curve_and_is_named_where_there_is_room() -> None:
    assert with_limit("  ⣀       ", " 7 ") == "┄┄⣀┄┄┄┄ 7 "
    assert with_limit("     ⣀   ⣀", " 7 ") == " 7 ┄┄⣀┄┄┄⣀"
    assert with_limit("⣀        ⣀", " 7 ") == "⣀┄┄┄┄┄┄┄┄⣀"
