"""Reads a report over HTTP, and asks for a signature under it."""

from tests.appliance.conftest import PASSWORD, SignedIn


async def read(person: SignedIn, factory_id: int, period: str) -> dict[str, object]:
    """The body of a signature under a weekly report that the person has just read."""
    report = await person.get(f"/reports/weekly?factory_id={factory_id}&period={period}")
    return {
        "kind": "weekly",
        "factory_id": factory_id,
        "period": period,
        "sha256": report.headers["Report-SHA256"],
        "meaning": "approved",
        "password": PASSWORD,
    }
