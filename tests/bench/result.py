"""One line of the table that `make bench` prints."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """A measured figure, most often a ratio within this run, beside what it should be."""

    name: str
    what: str
    value: float
    unit: str
    target: float
    at_most: bool = False
    detail: str = ""

    @property
    def met(self) -> bool:
        return self.value <= self.target if self.at_most else self.value >= self.target

    @property
    def cells(self) -> tuple[str, ...]:
        bound = "≤" if self.at_most else "≥"
        return (
            self.name,
            self.what,
            f"{self.value:.{0 if self.value >= 100 else 2 if self.value < 10 else 1}f} {self.unit}",
            f"{bound} {self.target:g} {self.unit}",
            "yes" if self.met else "NO",
            self.detail,
        )
