"""The catalogue of what can be measured."""

from appliance.model.metric import Metric
from appliance.store.pool import Db


async def select_metrics(db: Db) -> list[Metric]:
    """Every metric, in the catalogue's order."""
    rows = await db.fetch(
        "select id, name, unit, unit_label, label, digits from metrics order by id"
    )
    return [Metric(**row) for row in rows]
