"""Back-tests, stored with the version of the rule that they tried."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import msgspec

from appliance.model.backtest import BackTest
from appliance.model.ids import DeviceId, MachineId, RuleId
from appliance.model.rule import Rule
from appliance.model.scope import Scope
from appliance.store.pool import Db, Pool

_LOCK = 0x_BAC_C7E57


async def upsert_backtest(
    db: Db, rule_id: RuleId, backtest: BackTest, made_by: str, made_at: datetime
) -> None:
    """Keep the newest back-test of a version."""
    await db.execute(
        """
        insert into backtests (rule_id, version, made_at, made_by, backtest)
        values ($1, $2, $3, $4, $5)
        on conflict (rule_id, version) do update
           set made_at = excluded.made_at, made_by = excluded.made_by,
               backtest = excluded.backtest
        """,
        rule_id,
        backtest.rule_version,
        made_at,
        made_by,
        msgspec.to_builtins(backtest),
    )


async def select_backtest(db: Db, rule_id: RuleId, version: int) -> BackTest | None:
    """The newest back-test of a version."""
    found = await db.fetchval(
        "select backtest from backtests where rule_id = $1 and version = $2", rule_id, version
    )
    return None if found is None else msgspec.convert(found, BackTest)


class Ground(NamedTuple):
    """What is known of a device and a metric that a rule is tried on."""

    interval_ms: int
    digits: int
    zone: str
    metrics: list[str]
    """All that the device has measured."""
    machine_id: MachineId | None
    device: str
    unit: str


async def select_ground(
    db: Db, scope: Scope, device_id: DeviceId, metric: str | None
) -> Ground | None:
    """What a rule about a device in scope is tried on; None if there is no such device."""
    row = await db.fetchrow(
        """
        select d.expected_interval_ms, coalesce(m.digits, 0), f.time_zone,
               array(select c.name from latest l join metrics c on c.id = any(l.metric_ids)
                      where l.device_id = d.id order by c.id),
               d.machine_id, d.name, coalesce(m.unit, '')
          from devices d
          join factories f on f.id = d.factory_id
          left join metrics m on m.name = $3
         where d.id = $2 and d.factory_id = any($1::int[])
        """,
        scope.factory_ids,
        device_id,
        metric,
    )
    return None if row is None else Ground(*row)


async def select_version_before(db: Db, rule: Rule) -> Rule | None:
    """The newest version of a rule before this one."""
    found = await db.fetchval(
        """
        select rule from rule_versions where rule_id = $1 and version < $2
         order by version desc limit 1
        """,
        rule.id,
        rule.version,
    )
    return None if found is None else msgspec.convert(found, Rule)


@asynccontextmanager
async def lone_backtest(db: Pool) -> AsyncIterator[bool]:
    """Whether this is the only back-test there is, until the block ends; holds a connection."""
    async with db.acquire() as connection, connection.transaction(readonly=True):
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        yield await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK)
