"""Who changed what, in words: the record of deeds without its sign-ins."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from appliance.model.audit import AuditRow
from appliance.model.report import Deed, Deeds

SESSIONS = "session."
REFUSED = "session.refuse"
LONGEST = 160


def told(rows: Sequence[AuditRow], first_broken_row: int | None) -> Deeds:
    """The rows, oldest first, with what became of which value."""
    return Deeds(
        rows=[_deed(row) for row in rows if not row.action.startswith(SESSIONS)],
        sessions=sum(row.action == "session.begin" for row in rows),
        refused_sessions=sum(row.action == REFUSED for row in rows),
        first_broken_row=first_broken_row,
    )


def _deed(row: AuditRow) -> Deed:
    return Deed(
        number=row.id,
        at=row.at,
        actor=row.actor,
        action=row.action,
        object=row.object,
        changes=_changes(_flat(row.old), _flat(row.new)),
        reason=row.reason,
    )


def _flat(told: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is told, with the parts of its parts by their path."""
    flat: dict[str, Any] = {}
    for name, value in (told or {}).items():
        if isinstance(value, dict):
            flat |= {f"{name}.{part}": inner for part, inner in value.items()}
        else:
            flat[name] = value
    return flat


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}: {_value(old, name)} → {_value(new, name)}"
        if old
        else f"{name}: {_value(new, name)}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _value(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return "—"
    text = values[name]
    shown = text if isinstance(text, str) else msgspec.json.encode(text).decode()
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + "…"
