"""Steps as they are kept, and back."""

from collections.abc import Iterable

from appliance.alarms.transition import Step, Transition
from appliance.store.rule_steps import StepRow


def rows_of(steps: Iterable[Transition]) -> list[StepRow]:
    """Steps as they are kept."""
    return [
        StepRow(one.level, one.at_ms, one.step.value, one.value, one.forecast_ms, one.late)
        for one in steps
    ]


def steps_of(rows: Iterable[StepRow]) -> list[Transition]:
    """Steps as they were."""
    return [
        Transition(Step(row.step), row.at_ms, row.value, row.level, row.late, row.forecast_ms)
        for row in rows
    ]
