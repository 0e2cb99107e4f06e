"""Takes health and model rules through the scores that have been made since."""

from datetime import datetime

from msgspec import structs

from appliance.alarms.evaluation import Evaluation, run_of
from appliance.alarms.look import Facts, view
from appliance.alarms.past_scores import SCORE_MS
from appliance.model.ids import RuleId
from appliance.model.rule_state import RuleState
from appliance.store import rule_states
from appliance.store.pool import Connection
from appliance.store.rules import lock_rules
from appliance.store.scored import Scored, select_scored, select_scores
from appliance.workers.follower import STALE_MS
from appliance.workers.telling import tell


async def watch_scores(db: Connection, now: datetime) -> None:
    """Raise and clear health and model rules in one transaction."""
    now_ms = round(now.timestamp() * 1000)
    async with db.transaction():
        await lock_rules(db)
        scored = await select_scored(db)
        found = await select_scores(db, {one.rule.id: _since_ms(one) for one in scored})
        states: dict[RuleId, RuleState] = {}
        for rule, state, _ in scored:
            if rule.id not in found:
                continue
            evaluation = Evaluation(view(rule, Facts(SCORE_MS)), state)
            steps = [
                structs.replace(step, late=step.at_ms < now_ms - STALE_MS)
                for step in evaluation.take(run_of(*found[rule.id]))
            ]
            untold = dict(state.untold)
            fresh = (evaluation.seen_ms or 0) >= now_ms - STALE_MS
            await tell(db, rule, steps, untold, fresh=fresh)
            states[rule.id] = structs.replace(evaluation.state, untold=untold)
        if states:
            await rule_states.update_rule_states(db, states)


def _since_ms(scored: Scored) -> int:
    return max(scored.state.seen_ms or 0, scored.changed_ms - 1)
