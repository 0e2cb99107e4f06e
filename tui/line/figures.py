"""Verdicts large enough to be read across a hall, told apart by word and by shape."""

_LETTERS = {
    "P": ("███▄", "█  █", "███▀", "█   ", "█   "),
    "A": ("▄██▄", "█  █", "████", "█  █", "█  █"),
    "S": ("▄███", "█   ", "▀██▄", "   █", "███▀"),
    "F": ("████", "█   ", "███ ", "█   ", "█   "),
    "I": ("███", " █ ", " █ ", " █ ", "███"),
    "L": ("█   ", "█   ", "█   ", "█   ", "████"),
    "✔": ("     ▄", "    ▄▀", "▄  ▄▀ ", "▀▄▄▀  ", " ▀▀   "),
    "■": ("     ", " ███ ", " ███ ", " ███ ", "     "),
}
"""Five rows each."""


def large(word: str) -> str:
    """The word in five rows."""
    return "\n".join("  ".join(_LETTERS[letter][row] for letter in word) for row in range(5))
