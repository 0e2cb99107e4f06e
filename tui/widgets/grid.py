"""A list of rows that changes only where something has changed, and keeps its cursor."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from tui.rows import Cell, Head, Row

LOOKS = ("muted", *(f"{kind}{number}" for kind in ("p", "unack") for number in (1, 2, 3, 4)))


class Grid(DataTable[Text]):
    """Cells are plain text: nothing that a device is called is ever taken for markup."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"grid--{look}" for look in LOOKS}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("h", "scroll_left", show=False),
        Binding("l", "scroll_right", show=False),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(
            id=id,
            cursor_type="row",
            cursor_foreground_priority="renderable",  # the cursor leaves an alarm its colour
            zebra_stripes=False,
            cell_padding=1,
        )
        self._rows: dict[str, Row] = {}
        self._heads: tuple[Head, ...] = ()

    @property
    def selected(self) -> int | None:
        """The key of the row under the cursor."""
        keys = list(self._rows)
        return int(keys[self.cursor_row]) if 0 <= self.cursor_row < len(keys) else None

    def select(self, key: int) -> None:
        """Move the cursor to a row."""
        keys = list(self._rows)
        if str(key) in keys:
            self.move_cursor(row=keys.index(str(key)))

    def show(self, heads: Sequence[Head], rows: Sequence[Row]) -> None:
        """Draw what differs from what is shown; the cursor stays on its row wherever that goes."""
        fitted = self._fitted(heads)
        if fitted != self._heads:
            self._heads = fitted
            self._rebuild(rows, columns=True)
        elif [row.key for row in rows] != list(self._rows):
            self._rebuild(rows)
        else:
            for row in rows:
                self._update(row)
        self._rows = {row.key: row for row in rows}

    def forget(self) -> None:
        """Draw everything anew next time: the colours have changed."""
        self._heads = ()

    def _fitted(self, heads: Sequence[Head]) -> tuple[Head, ...]:
        padding = 2 * self.cell_padding * len(heads)
        taken = sum(head.width for head in heads) + padding
        rest = max(10, self.scrollable_content_region.width - taken)
        return tuple(head._replace(width=head.width or rest) for head in heads)

    def _rebuild(self, rows: Sequence[Row], *, columns: bool = False) -> None:
        selected, top = self.selected, self.scroll_y
        self.clear(columns=columns)
        if columns:
            for position, head in enumerate(self._heads):
                heading = Text(head.text, justify="right" if head.right else "left")
                self.add_column(heading, width=head.width, key=str(position))
        for row in rows:
            self.add_row(*map(self._text, row.cells), key=row.key)
        self._rows = {row.key: row for row in rows}
        if selected is not None and str(selected) in self._rows:
            self.select(selected)
            self.scroll_to(y=top, animate=False)

    def _update(self, row: Row) -> None:
        before = self._rows[row.key].cells
        for position, cell in enumerate(row.cells):
            if cell != before[position]:
                self.update_cell(row.key, str(position), self._text(cell))

    def _text(self, cell: Cell) -> Text:
        look = (
            self.get_component_rich_style(f"grid--{cell.look}", partial=True) if cell.look else ""
        )
        return Text(
            cell.text,
            style=look,
            justify="right" if cell.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            end="",
        )
