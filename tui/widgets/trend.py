"""One signal over the last minutes or hours, with the limits of its rules."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from textual.content import Content
from textual.widgets import Static

from tui import format as told
from tui.client import Trend
from tui.plot import FIRST_BRAILLE, Frame, Point, draw, limit_row, span, with_limit

FEWEST_ROWS = 4


class TrendView(Static):
    """Shows a `Trend`; a gap in the readings is a gap in the line."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._trend: Trend | None = None
        self._limits: Sequence[float] = ()
        self._interval_ms = 0
        self._zone: tzinfo = UTC

    @property
    def points(self) -> int:
        """How many points the picture can show."""
        return max(2, 2 * (self.content_size.width - 8))

    def show(self, trend: Trend, limits: Sequence[float], interval_ms: int, zone: tzinfo) -> None:
        """interval_ms: how often the device reports; a longer silence is not drawn over."""
        self._trend, self._limits = trend, limits
        self._interval_ms, self._zone = interval_ms, zone
        self._paint()

    def say(self, words: str) -> None:
        """Words in the place of a picture."""
        self._trend = None
        self.update(Content.styled(words, "$muted"))

    def on_resize(self) -> None:
        """Draw in the new size."""
        self._paint()

    def _paint(self) -> None:
        if self._trend is None:
            return
        if self._trend.times:
            self.update(Content("\n").join(self._picture(self._trend)))
        else:
            self.update(Content.styled(self._absent(self._trend), "$muted"))

    def _absent(self, trend: Trend) -> str:
        start, end = (told.minute(_moment(ms), _moment(trend.to_ms), self._zone)
                      for ms in (trend.from_ms, trend.to_ms))  # fmt: skip
        return f"No data between {start} and {end}."

    def _picture(self, trend: Trend) -> list[Content]:
        points = _points(trend)
        values = [point.value for point in points]
        low, high = span([*values, *self._limits])
        labels = [told.number(value, trend.digits) for value in (high, (low + high) / 2, low)]
        margin = max(map(len, labels))
        height = max(FEWEST_ROWS, self.content_size.height - 2)
        width = max(10, self.content_size.width - margin - 1)
        frame = Frame(trend.from_ms, trend.to_ms, low, high, width, height)
        at = {0: labels[0], height // 2: labels[1], height - 1: labels[2]}
        lines = draw(points, frame, max(3 * self._interval_ms, 2 * (trend.bucket_ms or 0)))
        limits = {limit_row(limit, frame): limit for limit in self._limits}
        return [
            *(
                self._line(line, at.get(row, "").rjust(margin), limits.get(row))
                for row, line in enumerate(lines)
            ),
            self._times(trend, margin, width),
            self._figures(trend, values),
        ]

    def _line(self, line: str, label: str, limit: float | None) -> Content:
        axis = (f"{label}┤" if label.strip() else f"{label}│", "$muted")
        if limit is None:
            return Content.assemble(axis, (line, "$primary"))
        name = f" limit {told.short(limit)} "
        parts = [
            (char, "$primary" if char >= FIRST_BRAILLE else "$muted")
            for char in with_limit(line, name)
        ]
        return Content.assemble(axis, *parts)

    def _times(self, trend: Trend, margin: int, width: int) -> Content:
        middle = (trend.from_ms + trend.to_ms) // 2
        start, half, end = (
            f"{_moment(ms).astimezone(self._zone):%H:%M}"
            for ms in (trend.from_ms, middle, trend.to_ms)
        )
        line = start + half.center(width - len(start) - len(end)) + end
        return Content.styled(" " * (margin + 1) + line, "$muted")

    def _figures(self, trend: Trend, values: Sequence[float]) -> Content:
        last = trend.columns.get("value") or trend.columns["last"]
        figures = {"last": last[-1], "min": min(values), "max": max(values)}
        parts: list[tuple[str, str]] = []
        for name, value in figures.items():
            parts += [(f"{name} ", "$muted"), (f"{told.number(value, trend.digits)}   ", "bold")]
        return Content.assemble(*parts, (trend.unit_label, "$muted"))


def _points(trend: Trend) -> list[Point]:
    """Raw readings as they are; of a bucket its least and its greatest."""
    if "value" in trend.columns:
        return [Point(*pair) for pair in zip(trend.times, trend.columns["value"], strict=True)]
    low, high = trend.columns["min"], trend.columns["max"]
    half = (trend.bucket_ms or 0) // 2
    return [
        Point(time + half, value)
        for time, *ends in zip(trend.times, low, high, strict=True)
        for value in ends
    ]


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
