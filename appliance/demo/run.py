"""The demo beside the appliance: builds the plant, gives it a past, keeps its nodes alive."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from appliance.demo import model, nodes, past, people, plant
from appliance.demo.folder import Folder, State
from appliance.demo.limits import LIMITS
from appliance.demo.past import Span
from appliance.errors import Conflict
from appliance.http.context import Context
from appliance.identity import devices, machines, rules
from appliance.identity.devices import DeviceChange, NewDevice
from appliance.identity.machines import NewMachine
from appliance.main import Started
from appliance.model.ids import FactoryId
from appliance.model.rule import Model, RuleChange, RuleMode
from appliance.model.scope import Scope
from appliance.store.alerts import select_alerts
from appliance.store.devices import select_devices
from appliance.store.factories import select_all_factories
from appliance.store.machines import select_machines
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE
from appliance.store.rules import select_rules
from appliance.store.users import select_user_id

LOADERS = 2
"""Nodes whose past is sent at the same time."""

UNTRIED = "There was no history yet to try it on."
MOVED = "The demo's model listens on another port now."

log = logging.getLogger(__name__)


class Audience(Protocol):
    """Whoever watches the demo come up."""

    def loading(self, done: int, total: int) -> None:
        """So many rows of the past are there."""

    def ready(self, started: Started, password: str) -> None:
        """The plant lives."""


async def run(started: Started, history_days: float, audience: Audience) -> None:
    """Build what is missing, then keep the nodes running until cancelled."""
    c = started.context
    folder = Folder(c.settings.data_dir)
    state = await asyncio.to_thread(_begin, folder, started.setup_code)
    server = await asyncio.to_thread(model.bind, state.model_port)
    if server.server_port != state.model_port:
        state = msgspec.structs.replace(state, model_port=server.server_port)
        await asyncio.to_thread(folder.save, state)
    factory_id = await _build(started, folder, state.password)
    url = f"http://127.0.0.1:{server.server_port}/"
    if not state.complete:
        now = c.clock().astimezone(await asyncio.to_thread(ZoneInfo, plant.TIME_ZONE))
        spans = past.spans(history_days, now, nodes.SAMPLING_MS // 1000)
        state = await _deliver_past(folder, state, spans, audience)
        await _expect_often(c, factory_id, past.fine_since(spans[1], now))
        await _draw_patiently(c, factory_id, url, now - timedelta(days=history_days))
        await asyncio.to_thread(folder.save, msgspec.structs.replace(state, complete=True))
    await _follow_model(c, factory_id, url)
    async with asyncio.TaskGroup() as group:
        group.create_task(model.serve(server))
        for node in plant.NODES:
            group.create_task(nodes.keep_running(folder.node(node.name)))
        audience.ready(started, state.password)


def _begin(folder: Folder, setup_code: str | None) -> State:
    state = folder.load()
    if state is None:
        if setup_code is None:
            raise Conflict(
                f"{folder.path.parent} holds a plant that is no demo. Name another folder with "
                "--data-dir, or start without --demo."
            )
        state = State(people.make_password())
        folder.save(state)
    return state


async def _build(started: Started, folder: Folder, password: str) -> FactoryId:
    """People, machines and nodes, each unless it is there."""
    c = started.context
    if started.setup_code:
        await people.add_administrator(c, started.setup_code, password, c.clock())
    all_factories = await select_all_factories(c.db)
    factory_id = next(one.id for one in all_factories if one.name == plant.FACTORY)
    scope = Scope((factory_id,))
    await people.add_others(c, factory_id, password, c.clock())
    there = {machine.name: machine.id for machine in await select_machines(c.db, scope)}
    for machine in plant.MACHINES:
        if machine.name not in there:
            wanted = NewMachine(factory_id, *machine)
            made = await machines.create(c.db, scope, people.ACTOR, wanted, c.clock())
            there[made.name] = made.id
    known = {device.name: device.id for device in await select_devices(c.db, scope)}
    for node in plant.NODES:
        place = folder.node(node.name)
        key = None
        if node.name not in known:
            device = NewDevice(
                factory_id, node.name, there[node.machine], past.COARSE_SECONDS * 1000
            )
            key = (await devices.register(c.db, scope, people.ACTOR, device, c.clock())).key
        elif not await asyncio.to_thread(nodes.has_key, place):
            device_id = known[node.name]
            key = (await devices.issue_key(c.db, scope, people.ACTOR, device_id, c.clock())).key
        await asyncio.to_thread(nodes.furnish, place, node, key, started.running, started.authority)
    return factory_id


async def _deliver_past(
    folder: Folder, state: State, spans: Sequence[Span], audience: Audience
) -> State:
    done = list(state.with_past)
    sent = {node.name: 0 for node in plant.NODES if node.name not in done}
    total = sum(span.rows for span in spans) * len(sent)
    free = asyncio.Semaphore(LOADERS)

    async def one(name: str) -> None:
        for i, span in enumerate(spans):
            before = sum(earlier.rows for earlier in spans[:i])

            def heard(rows: int, before: int = before) -> None:
                sent[name] = before + rows
                audience.loading(sum(sent.values()), total)

            await past.deliver(folder.node(name), span, heard)
        done.append(name)
        now = msgspec.structs.replace(state, with_past=tuple(done))
        await asyncio.to_thread(folder.save, now)

    async def in_turn(name: str) -> None:
        async with free:
            await one(name)

    async with asyncio.TaskGroup() as group:
        for name in sent:
            group.create_task(in_turn(name))
    return msgspec.structs.replace(state, with_past=tuple(done))


async def _expect_often(c: Context, factory_id: FactoryId, since: datetime) -> None:
    """From the fine part of the past on, nodes are to be heard of as often as they measure."""
    scope = Scope((factory_id,))
    often = DeviceChange(expected_interval_ms=nodes.SAMPLING_MS)
    for device in await select_devices(c.db, scope):
        await devices.change(c.db, scope, people.ACTOR, device.id, often, since)


async def _draw_patiently(c: Context, factory_id: FactoryId, url: str, since: datetime) -> None:
    """On a busy machine a question may take too long: then what is missing is drawn anew."""
    outage = Outage("The drawing of the demo's rules")
    while True:
        try:
            await draw_limits(c, factory_id, url, since)
        except TROUBLE as error:
            await outage.wait(error)
        else:
            return


async def draw_limits(c: Context, factory_id: FactoryId, url: str, since: datetime) -> None:
    """The rules, set before the past began and each unless it is there, and their alerts."""
    scope = Scope((factory_id,))
    known = {device.name: device.id for device in await select_devices(c.db, scope)}
    there = {(rule.device_id, rule.message): rule for rule in await select_rules(c.db, scope)}
    for limit in LIMITS:
        wanted = limit.on(known[limit.node], url)
        rule = there.get((wanted.device_id, wanted.message))
        if rule is None:
            rule = await rules.create(c.db, scope, people.ACTOR, wanted, since)
        if rule.mode is RuleMode.DRAFT:
            live = rules.ModeChange(mode=RuleMode.LIVE, override=UNTRIED)
            await rules.put(c.db, scope, people.ACTOR, rule.id, live, since)
    who = await select_user_id(c.db, people.OPERATOR)
    if who is not None and not await select_alerts(c.db, scope, "all", limit=1):
        found = await select_rules(c.db, scope)
        number = await past.record_alerts(c.source, found, who, c.clock())
        log.info("Recorded %d alerts of the past", number)


async def _follow_model(c: Context, factory_id: FactoryId, url: str) -> None:
    """Have the rules with a model ask where it is now."""
    scope = Scope((factory_id,))
    for rule in await select_rules(c.db, scope):
        if isinstance(rule.look, Model) and rule.look.url != url:
            look = msgspec.structs.replace(rule.look, url=url)
            moved = RuleChange(look=look, override=MOVED)
            await rules.change(c.db, scope, people.ACTOR, rule.id, moved, c.clock())
