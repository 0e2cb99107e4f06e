"""Which rules make sense: what each kind needs and what it may not have, in words."""

from appliance.analytics.standards import exposure_limit, shipped
from appliance.errors import NotFound, Unprocessable
from appliance.model.metric import Metric
from appliance.model.rule import (
    Condition,
    Exposure,
    Health,
    Level,
    Look,
    NewRule,
    NoData,
    Rate,
    Rule,
    Threshold,
    Vibration,
    kind_of,
)

VELOCITY = "mm/s"


def levels_of(rule: Rule) -> frozenset[str]:
    """The levels that a rule may raise."""
    return frozenset(rule.limits or {Level.ON})


def refuse_nonsense(rule: NewRule | Rule) -> None:
    """Unprocessable if the parts of a rule do not go together."""
    kind = kind_of(rule.look)
    if rule.kind not in {None, kind}:
        raise Unprocessable(f"The rule says it is of kind {rule.kind}, its look of kind {kind}.")
    if isinstance(rule.look, NoData | Health):
        if rule.metric is not None or rule.suppress_while is not None:
            raise Unprocessable(f"A {kind} rule has no metric and no suppress_while.")
    elif rule.metric is None:
        raise Unprocessable(f"A {kind} rule needs a metric.")
    if rule.suppress_while is not None:
        _refuse_condition(rule.suppress_while)
    _refuse_look(rule, rule.look)


def refuse_unknown_limit(rule: NewRule | Rule, metric: Metric) -> None:
    """Unprocessable if no such limit ships, or the metric is in another unit; reads a file."""
    if isinstance(rule.look, Exposure):
        try:
            limit = exposure_limit(shipped(), rule.look.limit, rule.look.measure)
        except NotFound as error:
            raise Unprocessable(str(error)) from error
        if limit.unit.strip("[]") != metric.unit.strip("[]"):
            raise Unprocessable(
                f"The limit is in {limit.unit}, {metric.name} is in {metric.unit_label}."
            )
    if isinstance(rule.look, Vibration) and metric.unit != VELOCITY:
        raise Unprocessable(f"The zones are of velocities in mm/s; {metric.name} is none.")


def _refuse_condition(condition: Condition) -> None:
    if (condition.below is None) == (condition.above is None):
        raise Unprocessable("suppress_while needs either `below` or `above`.")


def _refuse_look(rule: NewRule | Rule, look: Look) -> None:
    if isinstance(look, Threshold):
        given = (look.ll, look.l, look.h, look.hh)
        limits = [limit for limit in given if limit is not None]
        if not limits:
            raise Unprocessable("A threshold rule needs a limit: one of ll, l, h and hh.")
        if sorted(set(limits)) != limits:
            raise Unprocessable("The limits of a threshold rule ascend: ll < l < h < hh.")
    elif isinstance(look, NoData):
        if not rule.on_delay_seconds or rule.deadband:
            raise Unprocessable(
                "A no_data rule needs on_delay_seconds: how long nothing may come before it "
                "raises. It has no deadband."
            )
    elif isinstance(look, Exposure):
        if rule.on_delay_seconds or rule.suppress_while is not None:
            raise Unprocessable("An exposure rule has no on-delay and is never suppressed.")
    elif isinstance(look, Rate) and look.per_minute == 0:
        raise Unprocessable("per_minute is above 0 for a rise and below 0 for a fall.")
