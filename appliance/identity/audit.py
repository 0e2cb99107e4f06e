"""What was done, by whom: recorded together with the deed, and checked for changes since."""

from appliance.model.audit import AuditEntry
from appliance.store import audit
from appliance.store.pool import Connection, Db


async def record(db: Connection, entry: AuditEntry) -> None:
    """Append an entry in the transaction of the change it tells of, as its last statement."""
    if not db.is_in_transaction():
        raise RuntimeError("an audit entry belongs into the transaction of the change it tells of")
    await audit.insert_audit_row(db, entry)


async def verify(db: Db) -> int | None:
    """The id of the first row that was altered, removed or moved; None if the record is whole.

    A row cut off at the very end leaves no trace in the chain itself.
    """
    return await audit.select_first_broken_audit_row(db)
