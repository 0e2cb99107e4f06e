from collections.abc import Sequence
from datetime import datetime, timedelta

from appliance.history.worse import worse
from appliance.model.health import HealthScore, Reason, ScoreAt
from appliance.model.ids import MachineId
from appliance.model.insight import Worse
from tests.appliance.plant import NOON


def ago(days: float) -> datetime:
    return NOON - timedelta(days=days)


def reason(name: str, loss: float) -> Reason:
    return Reason(
        name=name, against="limits", loss=loss, by_limits=loss, by_drift=0.0, device_id=None,
        metric=None, value=None, reading=1.0, limits=(1.0, 2.0, 3.0), drift=0.0, critical=False,
        quality=1.0, baseline_version=None,
    )  # fmt: skip


def health(score: float | None, *reasons: Reason) -> HealthScore:
    return HealthScore(
        machine_id=MachineId(1), at=NOON, score=score, quality=1.0, version=1, reasons=reasons,
        unmeasured=(),
    )  # fmt: skip


def days(*scores: float | None) -> list[ScoreAt]:
    """One score a day, the last of them of today."""
    return [ScoreAt(ago(len(scores) - 1 - place), score) for place, score in enumerate(scores)]


def judged(score: float | None, known: Sequence[ScoreAt], *reasons: Reason) -> Worse | None:
    return worse(health(score, *reasons), known, NOON)


def test_a_machine_that_keeps_its_health_is_not_worse() -> None:
    assert judged(92.5, days(*[95.0] * 20)) is None
    assert judged(99.0, days(*[60.0] * 20)) is None


def test_what_it_lost_is_counted_from_the_weeks_before_and_says_since_when_and_why() -> None:
    known = days(*[95.0] * 12, 40.0, *[95.0] * 5, 91.0, 80.0, 70.0)
    small, great = reason("gas", 5.0), reason("vibration", 35.0)
    assert judged(60.0, known, small, great) == Worse(
        usual=95.0, lost=35.0, since=ago(2), why=great
    )


def test_the_days_without_a_score_are_passed_over() -> None:
    known = days(*[90.0] * 10, None, 80.0, None, 80.0)
    found = judged(80.0, known)
    assert found is not None
    assert (found.since, found.why) == (ago(2), None)


def test_a_fall_within_the_hour_has_its_own_beginning() -> None:
    found = judged(60.0, days(*[90.0] * 10), reason("alarms", 0.4))
    assert found == Worse(usual=90.0, lost=30.0, since=NOON, why=None)


def test_a_young_machine_is_held_against_its_first_day() -> None:
    found = judged(70.0, days(90.0, 88.0, 85.0))
    assert found is not None
    assert (found.usual, found.lost, found.since) == (90.0, 20.0, NOON - timedelta(0))


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert worse(None, days(90.0), NOON) is None
    assert judged(None, days(90.0)) is None
    assert judged(50.0, []) is None
    assert judged(50.0, days(None, None)) is None
