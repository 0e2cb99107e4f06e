"""The console's colours: grey by default, colour only where something needs a person."""

from textual.theme import Theme


def _theme(
    name: str,
    *,
    dark: bool,
    ground: tuple[str, str, str],
    text: tuple[str, str, str],
    accent: str,
    priorities: tuple[str, str, str, str],
    warn: tuple[str, str],
) -> Theme:
    """ground: page, pane, cursor; text: plain, muted, lines; warn: ground and text of a banner."""
    background, surface, cursor = ground
    foreground, muted, line = text
    return Theme(
        name=name,
        primary=accent,
        secondary=muted,
        accent=accent,
        error=priorities[0],
        warning=priorities[1],
        success=foreground,
        foreground=foreground,
        background=background,
        surface=surface,
        panel=cursor,
        dark=dark,
        variables={
            **{f"p{number}": color for number, color in enumerate(priorities, 1)},
            "muted": muted,
            "line": line,
            "warn": warn[0],
            "on-warn": warn[1],
            "block-cursor-background": cursor,
            "block-cursor-foreground": foreground,
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-background": surface,
            "block-cursor-blurred-foreground": foreground,
            "footer-background": background,
            "footer-key-foreground": foreground,
            "footer-description-foreground": muted,
            "border": accent,
            "border-blurred": line,
        },
    )  # fmt: skip


THEMES = (
    _theme(
        "plant-grey",
        dark=True,
        ground=("#14171a", "#1b1f23", "#343c44"),
        text=("#e3e7ea", "#a3adb6", "#56616b"),
        accent="#7fb6dc",
        priorities=("#ff6b6b", "#ffd24a", "#c9a6ff", "#9db8cc"),
        warn=("#ffcc00", "#1d1a00"),
    ),
    _theme(
        "plant-light",
        dark=False,
        ground=("#eceef0", "#f7f8f9", "#d5dbe0"),
        text=("#1d2327", "#545d66", "#7b858e"),
        accent="#1f5f8b",
        priorities=("#c8102e", "#8a5a00", "#6b3fa0", "#3f5f78"),
        warn=("#ffcc00", "#1d1a00"),
    ),
    _theme(
        "high-contrast",
        dark=True,
        ground=("#000000", "#000000", "#00408a"),
        text=("#ffffff", "#e0e0e0", "#ffffff"),
        accent="#ffffff",
        priorities=("#ff8080", "#ffe000", "#e0b0ff", "#b0e0ff"),
        warn=("#ffe000", "#000000"),
    ),
    _theme(
        "mono",
        dark=True,
        ground=("#000000", "#000000", "#444444"),
        text=("#ffffff", "#bbbbbb", "#888888"),
        accent="#ffffff",
        priorities=("#ffffff", "#ffffff", "#ffffff", "#ffffff"),
        warn=("#ffffff", "#000000"),
    ),
)
