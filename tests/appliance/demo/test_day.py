"""A month and a day of the demo's plant: each alarm of the script comes in its time, and no other.

The nodes' own drivers measure, the writer stores, and the engine, the scorer's back-test and the
demo's model judge, by the rules that `make demo` draws.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from appliance.alarms import past_scores
from appliance.alarms.backtest import Past, steps_of
from appliance.alarms.look import Facts
from appliance.alarms.past_scores import Told
from appliance.alarms.summary import spells
from appliance.analytics.standards import shipped
from appliance.demo import model, nodes, people, plant
from appliance.demo.day import TODAY
from appliance.demo.limits import LIMITS
from appliance.demo.month import BEFORE
from appliance.demo.run import draw_limits
from appliance.demo.script import DAY, Event
from appliance.history.readings import Source
from appliance.http.context import Context
from appliance.identity import certificates, devices, machines
from appliance.identity.devices import NewDevice
from appliance.identity.machines import NewMachine
from appliance.model.batch import PlacedBatch
from appliance.model.ids import DeviceId, Epoch, FactoryId, MetricId
from appliance.model.rule import Rule, RuleKind
from appliance.model.scope import Scope
from appliance.model.user import Role
from appliance.running import Running
from appliance.store import alerts, factories, users
from appliance.store.backtests import select_ground
from appliance.store.metrics import select_metrics
from appliance.store.pool import Pool
from appliance.store.rules import select_rules
from appliance.workers.engine import watch_silence
from appliance.workers.follower import Follower
from appliance.workers.learner import learn_due
from tests.appliance.conftest import Clock
from tests.appliance.demo.simulated import Measured, Wanted, measure
from tests.appliance.plant import at, store

pytestmark = pytest.mark.timeout(900)

START = datetime(2026, 11, 25, 5, tzinfo=UTC)
"""A Wednesday, six in the morning at the plant: the early shift begins."""
LIMITS_OF_STANDARDS = shipped()
START_MS = round(START.timestamp() * 1000)
DAYS = 30
COARSE_MS, FINE_MS = 60_000, 4000
"""Of the day half of what the demo's nodes measure, for the test's time."""
NEWS_MS, SILENT_MS = 240_000, 15_000
"""What nodes measure arrives so often; while one is silent, the engine looks more often."""
ROWS = 2000


class Shown(NamedTuple):
    """An alarm that was raised, in seconds after the start; cleared: None: it stood at the end."""

    node: str
    message: str
    level: str
    raised: float
    cleared: float | None


class Expected(NamedTuple):
    """An alarm of the script and the stretch it belongs to, in seconds after the start."""

    event: Event
    begin: int
    number: int

    @property
    def again(self) -> bool:
        """Whether it may come more than once."""
        return self.event.alarms[self.number].again

    def fits(self, shown: Shown) -> bool:
        """Whether it is this one."""
        alarm, event = self.event.alarms[self.number], self.event
        ends = self.begin + event.lasts + alarm.settles
        return (
            (event.node, alarm.message, alarm.level) == (shown.node, shown.message, shown.level)
            and self.begin <= shown.raised <= self.begin + alarm.after
            and (shown.cleared is None or shown.cleared <= ends)
        )


class Lived(NamedTuple):
    """What the nodes measured, by name."""

    before: dict[str, Measured]
    today: dict[str, Measured]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """A month and a day of the signals that rules look at."""
    folder = tmp_path_factory.mktemp("nodes")
    authority = certificates.ensure(folder / "ca", [], START).authority
    folders: list[Path] = []
    for node in plant.NODES:
        folders.append(folder / node.name)
        running = Running(1, "127.0.0.1", 8443, 8444, None)
        nodes.furnish(folders[-1], node, "csk_key", running, authority)
    names = [node.name for node in plant.NODES]
    metrics = [sorted(looked_at(name)) for name in names]
    month = Wanted(
        START_MS, START_MS - DAYS * DAY * 1000, COARSE_MS, DAYS * DAY * 1000 // COARSE_MS
    )
    day = Wanted(START_MS, START_MS, FINE_MS, DAY * 1000 // FINE_MS)
    before, today = (measure(folders, metrics, wanted) for wanted in (month, day))
    yield Lived(dict(zip(names, before, strict=True)), dict(zip(names, today, strict=True)))


def looked_at(node: str) -> set[str]:
    found = {"running"} if node == "conveyor" else set()
    for limit in LIMITS:
        if limit.node == node:
            found |= {limit.metric} if limit.metric else set()
            found |= {limit.stopped.metric} if limit.stopped else set()
            if limit.look.__class__.__name__ == "Health":
                found |= {"vibration", "temperature", "current", "running"}
    return found


class Works(NamedTuple):
    """The demo's plant in the test's database."""

    pool: Pool
    factory_id: FactoryId
    ids: dict[str, DeviceId]
    catalogue: dict[str, MetricId]
    posted: dict[str, int]

    @property
    def scope(self) -> Scope:
        return Scope((self.factory_id,))

    def batches(self, name: str, measured: Measured, rows: np.ndarray) -> list[PlacedBatch]:
        """Rows of a node as it would post them now."""
        first_row = self.posted[name]
        self.posted[name] += rows.size
        return [
            PlacedBatch(
                device_id=self.ids[name],
                epoch=Epoch(1),
                boot=None,
                first_row=first_row + begin,
                metric_ids=tuple(self.catalogue[metric] for metric in measured.values),
                times_ms=measured.times_ms[part],
                values=np.array([values[part] for values in measured.values.values()]),
                quality=0,
                received_ms=int(measured.times_ms[part[-1]]),
                base_ms=None,
                dropped=0,
            )
            for begin in range(0, rows.size, ROWS)
            for part in [rows[begin : begin + ROWS]]
        ]


@pytest.fixture
async def works(context: Context, clock: Clock) -> Works:
    """Machines and nodes, and the operator who dealt with the alarms of the past."""
    clock.now = START
    factory = await factories.insert_factory(context.db, plant.FACTORY, plant.TIME_ZONE)
    scope, ids, there = Scope((factory.id,)), {}, {}
    await users.insert_user(
        context.db, email=people.OPERATOR, name="O", role=Role.OPERATOR, password_hash="!",
        now=START,
    )  # fmt: skip
    for machine in plant.MACHINES:
        wanted = NewMachine(factory.id, *machine)
        made = await machines.create(context.db, scope, people.ACTOR, wanted, START)
        there[made.name] = made.id
    for node in plant.NODES:
        device = NewDevice(factory.id, node.name, there[node.machine], FINE_MS)
        registered = await devices.register(context.db, scope, people.ACTOR, device, START)
        ids[node.name] = registered.device.id
    catalogue = {metric.name: metric.id for metric in await select_metrics(context.db)}
    return Works(context.db, factory.id, ids, catalogue, dict.fromkeys(ids, 0))


async def live_through(works: Works, lived: Lived, source: Source) -> None:
    """The day as the appliance meets it: rows as they arrive, silence as it lasts."""
    following = Follower(source, lambda: START + timedelta(days=1), LIMITS_OF_STANDARDS)
    sent = dict.fromkeys(works.ids, START_MS - 1)
    async with works.pool.acquire() as db:
        for now_ms in moments():
            posted = []
            for name, measured in lived.today.items():
                row = (now_ms - START_MS) // FINE_MS
                if row < measured.times_ms.size and measured.offline[row]:
                    continue
                due = np.searchsorted(measured.times_ms, (sent[name], now_ms), "right")
                posted += works.batches(name, measured, np.arange(*due))
                sent[name] = now_ms
            await store(works.pool, *posted)
            await watch_silence(db, START, at(now_ms))
        while await following.follow(db):
            pass
        await following.flush(db)


def moments() -> list[int]:
    """When news arrive, and when the engine looks for silence."""
    found = set(range(NEWS_MS, DAY * 1000 + 1, NEWS_MS))
    for event in TODAY:
        if event.shape == "offline":
            for begin in event.begins(DAY):
                ends = (begin + event.lasts) * 1000 + 2 * SILENT_MS
                found |= set(range(begin * 1000, ends, SILENT_MS))
    return [START_MS + each for each in sorted(found)]


async def in_the_past(works: Works, source: Source, rule: Rule) -> list[Shown]:
    """The alarms of a rule about scores."""
    ground = await select_ground(works.pool, works.scope, rule.device_id, rule.metric)
    assert ground is not None
    zone = await asyncio.to_thread(ZoneInfo, ground.zone)
    facts = Facts(ground.interval_ms, ground.digits, zone)
    told = Told(ground.device, ground.unit)
    past = Past(source, START_MS, START_MS + DAY * 1000, facts, [], ground.machine_id, told)
    found = await steps_of(past, rule)
    assert (found.needs, found.gaps) == (None, [])
    return [
        Shown(
            ground.device, rule.message, one.level, (one.begin_ms - START_MS) / 1000,
            None if one.end_ms is None else (one.end_ms - START_MS) / 1000,
        )
        for one in spells(found.steps)
    ]  # fmt: skip


async def shown_by_alerts(works: Works) -> list[Shown]:
    found = await alerts.select_alerts(works.pool, works.scope, "all", limit=10_000)

    def since(moment: datetime) -> float:
        return (moment - START).total_seconds()

    return [
        Shown(
            one.device, one.message, one.level, since(one.raised_at),
            None if one.cleared_at is None else since(one.cleared_at),
        )
        for one in sorted(found, key=lambda one: one.raised_at)
    ]  # fmt: skip


def compare(script: Sequence[Event], lived: dict[str, Measured], shown: Iterable[Shown]) -> None:
    """Every alarm of the script is there and none besides; of a machine that stood, perhaps."""
    due = [
        Expected(event, begin, number)
        for event in script
        for begin in event.begins(DAY)
        for number in range(len(event.alarms))
    ]
    besides, found = [], set[Expected]()
    for one in shown:
        fitting = [each for each in due if each.fits(one) and (each not in found or each.again)]
        found |= {*fitting[:1]}
        besides += [] if fitting else [one]
    missing = [
        each for each in due if each not in found and must_show(each, lived[each.event.node])
    ]
    assert (besides, missing) == ([], [])


def must_show(expected: Expected, measured: Measured) -> bool:
    event, begin = expected.event, START_MS + expected.begin * 1000
    during = (measured.times_ms >= begin) & (measured.times_ms < begin + event.lasts * 1000)
    whole = begin + event.alarms[expected.number].after * 1000 <= measured.times_ms[-1]
    return whole and (event.sure or bool(measured.ran[during].all()))


async def test_the_month_and_the_day_show_what_the_script_says_and_nothing_besides(
    lived: Lived, works: Works, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.workers.learner.SHARE", 1.0)
    monkeypatch.setattr(past_scores, "MOST_SECONDS", 600.0)
    monkeypatch.setattr("appliance.alarms.asking.TIMEOUT_SECONDS", 60.0)
    source = context.source
    for name, measured in lived.before.items():
        rows = np.flatnonzero(~measured.offline)
        await store(works.pool, *works.batches(name, measured, rows))
    server = await asyncio.to_thread(model.bind, 0)
    serving = asyncio.create_task(model.serve(server))
    try:
        url = f"http://127.0.0.1:{server.server_port}/"
        await draw_limits(context, works.factory_id, url, START - timedelta(days=DAYS))
        before = await shown_by_alerts(works)
        compare(BEFORE, lived.before, before)
        assert await learn_due(source, lambda: START) > 0
        await live_through(works, lived, source)
        today = (await shown_by_alerts(works))[len(before) :]
        drawn = await select_rules(works.pool, works.scope)
        for rule in drawn:
            if rule.kind in {RuleKind.HEALTH, RuleKind.MODEL}:
                today += await in_the_past(works, source, rule)
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    compare(TODAY, lived.today, today)
    kinds = {rule.message: rule.kind for rule in drawn}
    assert {kinds[one.message] for one in today} == set(RuleKind)
    assert {one.level for one in today} == {"ll", "l", "h", "hh", "on"}
