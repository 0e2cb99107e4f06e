"""What the appliance says of factories, signals and machines; none of it is an alarm."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from quart import Blueprint, Response

from appliance.alarms.past import moments_of, past_alerts
from appliance.api.data import Between
from appliance.errors import Unprocessable
from appliance.history.advisories import advisories, comparison
from appliance.history.insights import band, signal_insight
from appliance.history.kpis import overview
from appliance.history.machines import find_factory, machine_insight, machine_insights
from appliance.history.replay import past_devices, step_ms
from appliance.http.access import EVERYONE, allow, caller
from appliance.http.body import query, reply
from appliance.http.context import ctx
from appliance.model.ids import GivenDeviceId, GivenFactoryId, MachineId
from appliance.model.replay import Replay
from appliance.store.model_scores import select_model_states

blueprint = Blueprint("insights", __name__, url_prefix="/insights")

MOST_BAND_MS = 400 * 86_400_000
MOST_REPLAY_MS = 2 * 3_600_000
MetricName = Annotated[str, msgspec.Meta(max_length=100)]


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which factory."""

    factory_id: GivenFactoryId


class WhichSignal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which signal."""

    device_id: GivenDeviceId
    metric: MetricName


class WhichBand(Between, frozen=True, kw_only=True):
    """Of which signal, over which time."""

    device_id: GivenDeviceId
    metric: MetricName


class WhichMetric(Which, frozen=True):
    """Of which factory and metric."""

    metric: MetricName


class WhichPast(Between, frozen=True, kw_only=True):
    """Of which factory, over which time; after: the device that an earlier answer ended with."""

    factory_id: GivenFactoryId
    after: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0


@blueprint.get("/overview")
@allow(*EVERYONE)
async def get_overview() -> Response:
    """The dashboard's first line and four cards."""
    c = ctx()
    factory_id = query(Which).factory_id
    return reply(await overview(c.source, caller().scope, factory_id, c.clock()))


@blueprint.get("/signals")
@allow(*EVERYONE)
async def get_signal() -> Response:
    """All that is known of one signal now."""
    c = ctx()
    asked = query(WhichSignal)
    return reply(
        await signal_insight(c.source, caller().scope, asked.device_id, asked.metric, c.clock())
    )


@blueprint.get("/baseline")
@allow(*EVERYONE)
async def get_baseline() -> Response:
    """What was usual over a time, as a band for charts."""
    c = ctx()
    asked = query(WhichBand)
    between = asked.between(c.clock())
    if between[1] - between[0] > MOST_BAND_MS:
        raise Unprocessable("Ask for at most 400 days at once.")
    wanted = asked.device_id, asked.metric
    return reply(await band(c.source, caller().scope, wanted, between))


@blueprint.get("/machines")
@allow(*EVERYONE)
async def list_machines() -> Response:
    """The machines of a factory, the least healthy first."""
    c = ctx()
    found = await machine_insights(c.source, caller().scope, query(Which).factory_id, c.clock())
    return reply({"machines": found})


@blueprint.get("/machines/<int:machine_id>")
@allow(*EVERYONE)
async def get_machine(machine_id: int) -> Response:
    """One machine, with its scores by the hour."""
    c = ctx()
    return reply(await machine_insight(c.source, caller().scope, MachineId(machine_id), c.clock()))


@blueprint.get("/advisories")
@allow(*EVERYONE)
async def list_advisories() -> Response:
    """What gets worse without being an alarm."""
    c = ctx()
    found = await advisories(c.source, caller().scope, query(Which).factory_id, c.clock())
    return reply({"advisories": found})


@blueprint.get("/comparison")
@allow(*EVERYONE)
async def get_comparison() -> Response:
    """This week so far against last week."""
    c = ctx()
    asked = query(WhichMetric)
    return reply(
        await comparison(c.source, caller().scope, asked.factory_id, asked.metric, c.clock())
    )


@blueprint.get("/models")
@allow(*EVERYONE)
async def list_models() -> Response:
    """How it goes with the models that rules ask."""
    c = ctx()
    factory_id = query(Which).factory_id
    await find_factory(c.source, caller().scope, factory_id)
    return reply({"models": await select_model_states(c.db, [factory_id], c.clock())})


@blueprint.get("/replay")
@allow(*EVERYONE)
async def get_replay() -> Response:
    """A past hour as it was: what devices showed, their states, the alerts that stood."""
    c = ctx()
    asked = query(WhichPast)
    factory_id = (await find_factory(c.source, caller().scope, asked.factory_id)).id
    now = c.clock()
    from_ms, to_ms = asked.between(now)
    to_ms = min(to_ms, round(now.timestamp() * 1000))
    if from_ms >= to_ms:
        raise Unprocessable("`from` lies in the future: only what is past can be replayed.")
    if to_ms - from_ms > MOST_REPLAY_MS:
        raise Unprocessable("Ask for at most 2 hours at once.")
    from_at, to_at = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (from_ms, to_ms))
    alerts = await past_alerts(c.db, factory_id, from_at, to_at)
    devices, onward = await past_devices(
        c.source, factory_id, (from_ms, to_ms), asked.after, moments_of(alerts)
    )
    return reply(
        Replay(
            from_ms=from_ms,
            to_ms=to_ms,
            step_ms=step_ms(from_ms, to_ms),
            devices=devices,
            next=onward,
            alerts=None if asked.after else alerts,
        )
    )
