"""All readings of any range, page by page: as much memory for a year as for an hour."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal, NamedTuple

from appliance.archive.exported import CsvFile, ParquetFile
from appliance.errors import NotFound, TooMany
from appliance.history.readings import Asked, Source, identified_pages
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.model.series import Gap
from appliance.store.exports import (
    Spanned,
    select_missing,
    select_reading_count,
    select_signals,
)
from appliance.store.readings import part

Format = Literal["csv", "parquet"]
PAGE_ROWS = 100_000
AT_ONCE = 4
"""Each holds some megabytes, and a thread and a connection now and then: pages must not wait."""
RETRY_SECONDS = 10
FRESH_MS = 31 * 86_400_000
"""So much is planned at once: files that are replaced meanwhile stay for an hour only."""


class Places:
    """So many exports at once a process makes; who comes when all are taken is sent away."""

    def __init__(self, number: int = AT_ONCE) -> None:
        self._free = number

    def take(self) -> Callable[[], None]:
        """Take a place; what is returned gives it back, called once. TooMany: none is free."""
        if not self._free:
            raise TooMany(
                "As many exports as the appliance makes at once are being made. Try again soon.",
                retry_after_seconds=RETRY_SECONDS,
            )
        self._free -= 1
        return self._give_back

    def _give_back(self) -> None:
        self._free += 1


class Export(NamedTuple):
    """What is to be exported."""

    scope: Scope
    signals: Sequence[Spanned]
    from_ms: int
    to_ms: int
    rows: int | None
    """About how many readings that is; None: not known quickly."""


async def plan(
    source: Source,
    scope: Scope,
    device_ids: Sequence[DeviceId] | None,
    metrics: Sequence[str] | None,
    between: tuple[int, int],
) -> Export:
    """What to export; None: every device in scope, every metric. NotFound names what is missing."""
    missing = await select_missing(source.db, scope, device_ids or (), metrics or ())
    if missing:
        raise NotFound(f"There is no {', no '.join(missing)} here.")
    signals = await select_signals(source.db, scope, device_ids, metrics)
    rows = await select_reading_count(source.db, scope, [one.signal for one in signals], *between)
    return Export(scope, signals, *between, rows)


async def stream(
    source: Source, export: Export, form: Format, count: Callable[[int], None] = lambda _: None
) -> AsyncIterator[bytes]:
    """The file, piece by piece; calls count(readings) as they go out.

    What cannot be read is a line of its own, without a value, whose note says until when and why.
    """
    file = CsvFile() if form == "csv" else ParquetFile()
    for signal, from_ms, to_ms in _parts(export):
        asked = Asked(export.scope, signal.signal.device_id, signal.signal.metric)
        gaps: list[Gap] = []
        async for page in identified_pages(source, asked, from_ms, to_ms, gaps):
            for begin in range(0, page.times_ms.size, PAGE_ROWS):
                rows = part(page, begin, begin + PAGE_ROWS)
                yield await source.run(file.add, signal.signal, rows)
                count(rows.times_ms.size)
        for gap in gaps:
            yield await source.run(file.add_gap, signal.signal, gap)
    yield await source.run(file.end)


def _parts(export: Export) -> list[tuple[Spanned, int, int]]:
    """Signal by signal, as far as its device was there, in parts that are soon read."""
    return [
        (one, begin, min(begin + FRESH_MS, export.to_ms, one.last_ms + 1))
        for one in export.signals
        for begin in range(
            max(export.from_ms, one.first_ms), min(export.to_ms, one.last_ms + 1), FRESH_MS
        )
    ]
