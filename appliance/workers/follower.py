"""Takes the rules about readings through committed batches, and remembers where they stand.

Between two flushes the rules go on in memory alone. A flush writes where they stand and how far the
batches are done in one transaction, with every step they have led to: a kill goes back to the last
flush, and as no step lies behind it, nothing is missed or told twice.
"""

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import structs

from appliance import analytics
from appliance.alarms.evaluation import Evaluation, Run, run_of
from appliance.alarms.look import Facts, View, view
from appliance.alarms.record import rows_of, steps_of
from appliance.alarms.transition import Step, Transition
from appliance.history.readings import Source, pages
from appliance.model.baseline import Baseline
from appliance.model.ids import DeviceId, MetricId, RuleId
from appliance.model.limit import Limit
from appliance.model.rule import Rule, RuleKind
from appliance.model.rule_state import LevelState, RuleState
from appliance.model.scope import Scope
from appliance.store import cursors, readings, rule_states, rule_steps
from appliance.store.baselines import select_baseline
from appliance.store.pool import Connection
from appliance.store.readings import Committed
from appliance.store.rule_states import Watch
from appliance.store.rules import lock_rules, select_rule_changes
from appliance.workers.telling import Again, Untold, tell, tell_again

NAME = cursors.ENGINE
CHUNK_BATCHES = 2000
FLUSH_MS = 10_000
RELOAD_MS = 600_000
"""Rules are read again so often, for what they are compared with may have been learnt anew."""
STALE_MS = 300_000
"""A reading this old when it was received is no news."""
SET_BACK_MS = 60_000
"""So far ahead of what is being received, a reading was taken before the clock was set back."""
LATE_MS = 86_400_000
"""Readings that come this late are evaluated in their place; older ones change nothing."""
CHECKPOINT_MS = 3_600_000
COMPARED = frozenset({RuleKind.BASELINE, RuleKind.DRIFT, RuleKind.VIBRATION})
"""The kinds that look at what is usual."""


class Batch(NamedTuple):
    """The readings of one signal in one batch."""

    run: Run
    first_ms: int
    received_ms: int


class Watched:
    """A rule on its way through batches."""

    def __init__(self, watch: Watch, view: View) -> None:
        self.rule = watch.rule
        self.metric_id = watch.metric_id
        self.condition_id = watch.condition_id
        self.stale_ms = max(STALE_MS, view.gap_ms if watch.interval_ms > STALE_MS else 0)
        self.view = view
        self.untold: Untold = dict(watch.state.untold)
        self.checkpoint_ms = watch.checkpoint_ms
        state = watch.state
        if state.seen_ms is None:
            state = structs.replace(state, seen_ms=watch.changed_ms - 1)
        self.begin_ms = watch.changed_ms
        self.evaluation = self.resumed(state)
        self.is_dirty = watch.state.seen_ms is None

    def resumed(self, state: RuleState) -> Evaluation:
        """The rule as it stood."""
        return Evaluation(self.view, state, self.rule.suppress_while)

    @property
    def state(self) -> RuleState:
        """Where the rule stands."""
        return structs.replace(self.evaluation.state, untold=dict(self.untold))

    @property
    def seen_ms(self) -> int:
        """The newest reading evaluated."""
        return self.evaluation.seen_ms or 0


class Told(NamedTuple):
    """What a rule did in a chunk; again_ms: readings from then on came late."""

    watched: Watched
    steps: list[Transition]
    fresh: bool
    again_ms: int | None
    until_ms: int


class Follower:
    """All rules about readings, in memory."""

    def __init__(
        self, source: Source, clock: Callable[[], datetime], limits: Sequence[Limit]
    ) -> None:
        self._source = source
        self._clock = clock
        self._limits = limits
        self._cold = True
        self._changes: int | None = None
        self._loaded_ms = 0
        self._flushed_ms = 0
        self._done = self._stored = 0
        self._by_device: dict[DeviceId, list[Watched]] = defaultdict(list)

    async def follow(self, db: Connection) -> int:
        """Evaluate the next chunk of batches; how many there were."""
        try:
            async with db.transaction():
                await lock_rules(db)
                done = await self._follow(db)
        except BaseException:
            self._changes = None  # what is in memory is ahead of what is stored
            raise
        if done is not None:
            return done
        await self._source.run(analytics.warm_up_bulk)
        self._cold = False
        return await self.follow(db)

    async def _tell(self, db: Connection, told: Sequence[Told]) -> bool:
        """Whether anything happened that must last before more is taken on."""
        for one in told:
            watched = one.watched
            if one.again_ms is not None:
                await self._evaluate_again(db, one, one.again_ms)
            else:
                await tell(db, watched.rule, one.steps, watched.untold, fresh=one.fresh)
        return bool(told)

    async def flush(self, db: Connection) -> None:
        """Make what is in memory last."""
        async with db.transaction():
            await lock_rules(db)
            if self._changes == await select_rule_changes(db):
                await self._flush(db, self._now_ms())

    async def _follow(self, db: Connection) -> int | None:
        """How many batches; None: rules need kernels first, for which nobody's lock is held."""
        now_ms = self._now_ms()
        changes = await select_rule_changes(db)
        if changes != self._changes or not 0 <= now_ms - self._loaded_ms < RELOAD_MS:
            if self._changes == changes:
                await self._flush(db, now_ms)
            await self._load(db, now_ms)
            if self._cold and self._is_figured():
                return None
            self._changes = changes
        batches = await readings.select_committed(db, self._done, CHUNK_BATCHES)
        news = False
        for part in _parts(batches):
            news |= await self._tell(db, self.take(part))
        if batches:
            self._done = batches[-1].xid + 1
        if news or not 0 <= now_ms - self._flushed_ms < FLUSH_MS:
            await self._flush(db, now_ms)
        return len(batches)

    def _is_figured(self) -> bool:
        """Whether any rule looks at what is made of readings."""
        return any(one.view.figure for many in self._by_device.values() for one in many)

    def _now_ms(self) -> int:
        return round(self._clock().timestamp() * 1000)

    async def _load(self, db: Connection, now_ms: int) -> None:
        self._done = self._stored = await cursors.select_cursor(db, NAME)
        self._by_device = defaultdict(list)
        watches = await rule_states.select_watches(db)
        learnt = {watch.rule.id: await self._baseline(db, watch.rule) for watch in watches}
        self.watch(await self._source.run(self._watched, watches, learnt))
        begun = [
            one for many in self._by_device.values() for one in many if one.checkpoint_ms is None
        ]
        if begun:
            states = {one.rule.id: one.state for one in begun}
            await rule_states.insert_checkpoints(db, states, LATE_MS)
        for one in begun:
            one.checkpoint_ms = one.seen_ms
        self._loaded_ms = self._flushed_ms = now_ms

    async def _baseline(self, db: Connection, rule: Rule) -> Baseline | None:
        if rule.metric is None or rule.kind not in COMPARED:
            return None
        return await select_baseline(db, rule.device_id, rule.metric, self._clock())

    def _watched(
        self, watches: Sequence[Watch], learnt: Mapping[RuleId, Baseline | None]
    ) -> list[Watched]:
        found = []
        for watch in watches:
            rule, zone = watch.rule, ZoneInfo(watch.zone)
            facts = Facts(watch.interval_ms, watch.digits, zone, learnt[rule.id], self._limits)
            found.append(Watched(watch, view(rule, facts)))
        return found

    async def _flush(self, db: Connection, now_ms: int) -> None:
        """Make what is in memory last, together with how far the batches are done."""
        dirty = [one for many in self._by_device.values() for one in many if one.is_dirty]
        if dirty:
            await rule_states.update_rule_states(db, {one.rule.id: one.state for one in dirty})
        due = [one for one in dirty if _is_checkpoint_due(one)]
        if due:
            states = {one.rule.id: one.state for one in due}
            await rule_states.insert_checkpoints(db, states, LATE_MS)
        for one in due:
            one.checkpoint_ms = one.seen_ms
        if self._done != self._stored:
            if not await cursors.update_cursor(db, NAME, self._stored, self._done):
                raise RuntimeError("another engine follows the same batches")
            self._stored = self._done
        for one in dirty:
            one.is_dirty = False
        self._flushed_ms = now_ms

    def watch(self, rules: Iterable[Watched]) -> None:
        """Have these rules evaluated too."""
        for watched in rules:
            self._by_device[watched.rule.device_id].append(watched)

    def take(self, batches: Iterable[Committed]) -> list[Told]:
        """Take rules through batches, each device's in the order in which they came."""
        by_device: dict[DeviceId, dict[MetricId, list[Batch]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for batch in batches:
            if batch.rows.times_ms.size:
                _spread(batch, by_device[batch.device_id])
        told = []
        for device_id, found in by_device.items():
            runs = {metric_id: _joined(many) for metric_id, many in found.items()}
            for watched in self._by_device.get(device_id, ()):
                if watched.metric_id in runs or watched.condition_id in runs:
                    one = _advance(watched, found, runs)
                    if one is not None:
                        told.append(one)
        return told

    async def _evaluate_again(self, db: Connection, told: Told, first_ms: int) -> None:
        """Go back to before the first late reading, and from there through all that are known."""
        watched, rule = told.watched, told.watched.rule
        state = await rule_states.select_checkpoint(db, rule.id, first_ms)
        begin_ms, seen_ms = (state.seen_ms or 0) + 1, watched.seen_ms
        old = steps_of(await rule_steps.select_rule_steps(db, rule.id, begin_ms))
        evaluation = watched.resumed(state)
        steps = await self._replay(rule, evaluation, begin_ms, max(told.until_ms, seen_ms))
        known = {(one.step, one.level, one.at_ms): one.late for one in old}
        new = [
            structs.replace(
                one, late=known.get((one.step, one.level, one.at_ms), one.at_ms <= seen_ms)
            )
            for one in steps
        ]
        await rule_steps.delete_rule_steps(db, rule.id, begin_ms)
        if new:
            await rule_steps.insert_rule_steps(db, rule, rows_of(new))
        stood = [_standing(level, one) for level, one in state.levels.items() if one.standing]
        again = Again([*stood, *old], [*stood, *new], told.fresh)
        await tell_again(db, rule, again, watched.untold)
        await rule_states.delete_checkpoints_from(db, rule.id, max(first_ms, begin_ms))
        watched.checkpoint_ms = state.seen_ms
        watched.evaluation = evaluation
        watched.is_dirty = True

    async def _replay(
        self, rule: Rule, evaluation: Evaluation, begin_ms: int, until_ms: int
    ) -> list[Transition]:
        signal = await self._history(rule, rule.metric, begin_ms, until_ms)
        condition = None
        if rule.suppress_while is not None:
            metric = rule.suppress_while.metric
            condition = await self._history(rule, metric, begin_ms, until_ms)
        return await self._source.run(evaluation.take, signal, condition)

    async def _history(
        self, rule: Rule, metric: str | None, begin_ms: int, until_ms: int
    ) -> Run | None:
        scope = Scope((rule.factory_id,))
        asked = self._source, scope, rule.device_id, metric or "", begin_ms, until_ms + 1
        found = [page async for page in pages(*asked)]
        if not found:
            return None
        return run_of(
            np.concatenate([page.times_ms for page in found]),
            np.concatenate([page.values for page in found]),
        )


def _standing(level: str, state: LevelState) -> Transition:
    """The step that a level which stands has come from."""
    return Transition(Step.RAISED, state.since_ms or 0, None, level)


def _parts(batches: Sequence[Committed]) -> Iterator[Sequence[Committed]]:
    """Cut where the clock was set back."""
    begin, latest_ms = 0, 0
    for number, batch in enumerate(batches):
        if batch.received_ms < latest_ms - SET_BACK_MS:
            yield batches[begin:number]
            begin, latest_ms = number, 0
        latest_ms = max(latest_ms, batch.received_ms)
    yield batches[begin:]


def _spread(batch: Committed, signals: dict[MetricId, list[Batch]]) -> None:
    """Add each signal's readings, without those from after their own reception."""
    times_ms, values = batch.rows
    if times_ms[-1] > batch.received_ms:
        known = int(np.searchsorted(times_ms, batch.received_ms, side="right"))
        times_ms, values = times_ms[:known], values[:, :known]
    for metric_id, row in zip(batch.metric_ids, values, strict=True):
        run = run_of(times_ms, row)
        if run is not None:
            signals[metric_id].append(Batch(run, int(run.times_ms[0]), batch.received_ms))


class _Joined(NamedTuple):
    """The batches of a signal as one, if they came in order; late_ms: the first that did not."""

    run: Run
    first_ms: int
    late_ms: int | None


def _joined(batches: Sequence[Batch]) -> _Joined:
    if len(batches) == 1:
        return _Joined(batches[0].run, batches[0].first_ms, None)
    late_ms, seen_ms = None, -1
    for batch in batches:
        if batch.first_ms <= seen_ms:
            late_ms = batch.first_ms if late_ms is None else min(late_ms, batch.first_ms)
        seen_ms = max(seen_ms, batch.run.last_ms)
    runs = [batch.run for batch in batches]
    return _Joined(
        Run(
            np.concatenate([run.times_ms for run in runs]),
            np.concatenate([run.values for run in runs]),
            seen_ms,
            min(run.low for run in runs),
            max(run.high for run in runs),
        ),
        min(batch.first_ms for batch in batches),
        late_ms,
    )


def _advance(
    watched: Watched, found: dict[MetricId, list[Batch]], runs: dict[MetricId, _Joined]
) -> Told | None:
    """Take a rule through its signal and that of its condition; None if nothing is to be told."""
    own = runs.get(watched.metric_id)
    other = None if watched.condition_id is None else runs.get(watched.condition_id)
    came = [one for one in (own, other) if one is not None]
    batches = found[watched.metric_id if own is not None else watched.condition_id or MetricId(0)]
    received_ms = batches[-1].received_ms
    watched.is_dirty = True
    if watched.seen_ms > received_ms + SET_BACK_MS and watched.seen_ms > watched.begin_ms:
        watched.evaluation.forget_future(received_ms)
        watched.begin_ms, watched.checkpoint_ms = 0, None
    until_ms = max(one.run.last_ms for one in came)
    first_ms = min(one.first_ms for one in came)
    seen_ms, fresh = watched.seen_ms, until_ms >= received_ms - watched.stale_ms
    if first_ms <= seen_ms or any(one.late_ms is not None for one in came):
        late = [one.late_ms for one in came if one.late_ms is not None]
        again_ms = min([first_ms] if first_ms <= seen_ms else late)
        if until_ms < watched.begin_ms:
            return None
        return Told(watched, [], fresh, max(again_ms, watched.begin_ms), until_ms)
    steps = watched.evaluation.take(own and own.run, other and other.run)
    if not steps and not (fresh and watched.untold):
        return None
    ends = [batch.run.last_ms for batch in batches]
    marked = [
        structs.replace(one, late=True)
        if one.at_ms < _received(batches, ends, one.at_ms) - watched.stale_ms
        else one
        for one in steps
    ]
    return Told(watched, marked, fresh, None, until_ms)


def _received(batches: Sequence[Batch], ends: Sequence[int], at_ms: int) -> int:
    """When the reading of that time was received."""
    return batches[min(bisect.bisect_left(ends, at_ms), len(batches) - 1)].received_ms


def _is_checkpoint_due(watched: Watched) -> bool:
    known_ms = watched.checkpoint_ms
    return known_ms is None or watched.seen_ms // CHECKPOINT_MS > known_ms // CHECKPOINT_MS
