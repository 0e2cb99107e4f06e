"""Back-tests as people ask for them: bounded, one at a time, with what rules are held against."""

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from appliance.alarms.backtest import Past, backtest
from appliance.alarms.look import Facts
from appliance.alarms.past_scores import Told
from appliance.alarms.roster import on_at
from appliance.analytics.standards import shipped
from appliance.errors import NotFound, TooMany, Unprocessable
from appliance.history.readings import Source
from appliance.model.backtest import BackTest, Over
from appliance.model.baseline import Baseline
from appliance.model.ids import FactoryId, RuleId
from appliance.model.rule import Model, NewRule, Rule, RuleMode, kind_of, priority_of
from appliance.model.scope import Scope
from appliance.store import backtests
from appliance.store.backtests import Ground
from appliance.store.baselines import select_baseline
from appliance.store.contacts import select_contacts, select_rosters
from appliance.store.incidents import select_incidents
from appliance.store.model_scores import select_breaker
from appliance.store.pool import Db

MOST_DAYS = 366
NOBODY = RuleId(0)


def made(asked: NewRule, factory_id: FactoryId, replaces: Rule | None) -> Rule:
    """The rule that would be made."""
    given = msgspec.structs.asdict(asked) | {"kind": kind_of(asked.look)}
    version = 1 if replaces is None else replaces.version + 1
    rule_id = NOBODY if replaces is None else replaces.id
    mode = RuleMode.DRAFT
    return Rule(id=rule_id, factory_id=factory_id, mode=mode, version=version, **given)


async def live_version(db: Db, rule: Rule) -> Rule | None:
    """What a back-test of the rule is compared with: the version that last was put to work."""
    return await backtests.select_version_before(db, rule) if rule.version > 1 else None


async def run(
    source: Source, scope: Scope, rule: Rule, live: Rule | None, over: Over, now: datetime
) -> BackTest:
    """Try a rule in scope on history; TooMany while another back-test runs."""
    ground = await backtests.select_ground(source.db, scope, rule.device_id, rule.metric)
    if ground is None:
        raise NotFound("There is no such device.")
    begin, end = _bounds(over, now)
    usual = rule.metric and await select_baseline(source.db, rule.device_id, rule.metric, now)
    facts = await asyncio.to_thread(_facts, ground, usual or None)
    between = round(begin.timestamp() * 1000), round(end.timestamp() * 1000)
    past = Past(
        source,
        *between,
        facts,
        ground.metrics,
        ground.machine_id,
        Told(ground.device, ground.unit),
        await _resting(source.db, rule, live, now),
    )
    incidents = await select_incidents(source.db, scope, rule.device_id, (begin, end))
    async with backtests.lone_backtest(source.db) as alone:
        if not alone:
            raise TooMany(
                "Another back-test is running; try again when it is done.", retry_after_seconds=5
            )
        tried = await backtest(past, rule, live, incidents)
    called = await _called(source.db, rule, tried, ZoneInfo(ground.zone))
    return msgspec.structs.replace(tried, called=called)


async def _resting(db: Db, rule: Rule, live: Rule | None, now: datetime) -> str | None:
    """Why the rule's model is left alone for now, if it is; another address is another model."""
    if not isinstance(rule.look, Model):
        return None
    if live is not None and isinstance(live.look, Model) and live.look.url != rule.look.url:
        return None
    breaker = await select_breaker(db, rule.id, now)
    if breaker is None:
        return None
    return (
        f"The model failed {breaker.failures} times in a row and is left alone until "
        f"{breaker.open_until:%H:%M:%S} UTC: {breaker.error}"
    )


async def _called(db: Db, rule: Rule, tried: BackTest, zone: ZoneInfo) -> list[str]:
    """Who would have been told at once of the alarms listed, by the rosters as they are now."""
    scope = Scope((rule.factory_id,))
    rosters = await select_rosters(db, scope)
    names = {contact.id: contact.name for contact in await select_contacts(db, scope)}
    called = {
        names[contact_id]
        for one in tried.times
        for contact_id in on_at(rosters, priority_of(rule, one.level), one.raised_at, zone)
        if contact_id in names
    }
    return sorted(called)


def _facts(ground: Ground, usual: Baseline | None) -> Facts:
    return Facts(ground.interval_ms, ground.digits, ZoneInfo(ground.zone), usual, shipped())


def _bounds(over: Over, now: datetime) -> tuple[datetime, datetime]:
    end = min(over.end or now, now)
    begin = over.begin or end - timedelta(days=over.days or MOST_DAYS)
    if begin >= end:
        raise Unprocessable("There is no such time: `from` must be before `to`, and in the past.")
    if end - begin > timedelta(days=MOST_DAYS):
        raise Unprocessable(f"A back-test looks at {MOST_DAYS} days at the most.")
    return begin, end
