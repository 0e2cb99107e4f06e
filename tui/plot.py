"""A curve drawn with braille dots, two by four to a character: pure, no terminal needed."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Unicode's braille patterns: the bit of a dot by column, then by row from above."""
FIRST_BRAILLE = "\u2800"
LIMIT = "┄"


class Point(NamedTuple):
    """A time in UTC milliseconds and a value."""

    time_ms: int
    value: float


class Frame(NamedTuple):
    """What the picture spans, and its size in characters."""

    from_ms: int
    to_ms: int
    low: float
    high: float
    width: int
    height: int

    def column(self, time_ms: float) -> int:
        """The column of dots of a time."""
        share = (time_ms - self.from_ms) / (self.to_ms - self.from_ms)
        return min(max(int(share * self.width * 2), 0), self.width * 2 - 1)

    def row(self, value: float) -> int:
        """The row of dots of a value, counted from above."""
        share = (self.high - value) / (self.high - self.low)
        return min(max(int(share * self.height * 4), 0), self.height * 4 - 1)


def span(values: Sequence[float]) -> tuple[float, float]:
    """What the vertical axis reaches over: all values and a little air."""
    low, high = min(values), max(values)
    air = (high - low) * 0.06 or max(abs(high) * 0.05, 0.5)
    return low - air, high + air


def draw(points: Sequence[Point], frame: Frame, gap_ms: float) -> list[str]:
    """The curve as lines of text; points further apart than gap_ms are not joined."""
    cells = [[0] * frame.width for _ in range(frame.height)]

    def dot(x: int, y: int) -> None:
        cells[y // 4][x // 2] |= DOTS[x % 2][y % 4]

    before: Point | None = None
    for point in points:
        if not frame.from_ms <= point.time_ms <= frame.to_ms:
            continue
        joined = before is not None and point.time_ms - before.time_ms <= gap_ms
        start = before if before is not None and joined else point
        _join(dot, frame, start, point)
        before = point
    return [
        "".join(chr(ord(FIRST_BRAILLE) + bits) if bits else " " for bits in line) for line in cells
    ]


def limit_row(limit: float, frame: Frame) -> int:
    """The line of text that a limit runs through."""
    return frame.row(limit) // 4


def with_limit(line: str, name: str) -> str:
    """A line of the curve with a limit behind it, named where the curve leaves room."""
    behind = line.replace(" ", LIMIT)
    size = len(name)
    if not line[-size:].strip():
        return behind[:-size] + name
    return behind if line[:size].strip() else name + behind[size:]


def _join(dot: Callable[[int, int], None], frame: Frame, start: Point, end: Point) -> None:
    x0, y0 = frame.column(start.time_ms), frame.row(start.value)
    x1, y1 = frame.column(end.time_ms), frame.row(end.value)
    last = y0
    for x in range(x0, x1 + 1):
        y = y1 if x1 == x0 else round(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
        for between in range(min(last, y), max(last, y) + 1):
            dot(x, between)
        last = y
