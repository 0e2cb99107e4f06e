"""The catalogue of what can be measured."""

from appliance.model.ids import DeviceId
from appliance.model.metric import Metric
from appliance.store.pool import Db


async def select_metrics(db: Db) -> list[Metric]:
    """Every metric, in the catalogue's order."""
    rows = await db.fetch(
        "select id, name, unit, unit_label, label, digits from metrics order by id"
    )
    return [Metric(**row) for row in rows]


async def select_told_metrics(db: Db, device_id: DeviceId) -> list[str]:
    """The names of all that a device has ever told, in the catalogue's order."""
    rows = await db.fetch(
        """
        select m.name from latest l join metrics m on m.id = any(l.metric_ids)
         where l.device_id = $1 order by m.id
        """,
        device_id,
    )
    return [row["name"] for row in rows]
