"""Rules about scores that others make: the health of machines, and what models answered."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.model.ids import RuleId
from appliance.model.rule import Rule
from appliance.model.rule_state import RuleState
from appliance.store.pool import Db
from appliance.store.rule_states import state_of
from appliance.store.rules import rule_of


class Scored(NamedTuple):
    """A health or model rule, where it stands, and when it was changed (UTC ms)."""

    rule: Rule
    state: RuleState
    changed_ms: int


class Scores(NamedTuple):
    """Scores of one rule, in order of time."""

    times_ms: NDArray[np.int64]
    values: NDArray[np.float64]


async def select_scored(db: Db) -> list[Scored]:
    """The live and shadow rules about scores."""
    rows = await db.fetch(
        """
        select w.*, s.state, floor(extract(epoch from r.changed_at) * 1000)::int8 as changed_ms
          from whole_rules w
          join rules r on r.id = w.id
          left join rule_states s on s.rule_id = w.id
         where w.mode in ('live', 'shadow') and w.kind in ('health', 'model')
        """
    )
    return [Scored(rule_of(row), state_of(row), row["changed_ms"]) for row in rows]


async def select_scores(db: Db, since_ms: Mapping[RuleId, int]) -> dict[RuleId, Scores]:
    """The scores after a time, by rule; rules without any are left out."""
    rows = await db.fetch(
        """
        with asked as (
            select r.id, r.kind, d.machine_id, to_timestamp(a.since_ms / 1000.0) as since
              from unnest($1::int[], $2::int8[]) as a (id, since_ms)
              join rules r on r.id = a.id
              join devices d on d.id = r.device_id
        ), found as (
            select a.id, h.at, h.score from asked a join health_scores h using (machine_id)
             where a.kind = 'health' and h.at > a.since and h.score is not null
             union all
            select a.id, m.at, m.score from asked a join model_scores m on m.rule_id = a.id
             where a.kind = 'model' and m.at > a.since
        )
        select id, array_agg((extract(epoch from at) * 1000)::int8 order by at) as times_ms,
               array_agg(score order by at) as scores
          from found group by id
        """,
        list(since_ms),
        list(since_ms.values()),
    )
    return {row["id"]: _scores(row) for row in rows}


def _scores(row: Any) -> Scores:
    return Scores(np.array(row["times_ms"], np.int64), np.array(row["scores"], np.float64))
