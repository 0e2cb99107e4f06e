"""The resources that handlers use, built by main before the app exists."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from quart import Quart, current_app

from appliance.archive.read import Archive
from appliance.history.export import Places
from appliance.history.readings import Source
from appliance.identity.keys import Keys
from appliance.live import Hub
from appliance.settings import Settings
from appliance.store.pool import Pool

_EXTENSION = "carbonseed"


@dataclass(frozen=True, slots=True)
class Context:
    """Built once, complete, never changed. Below the handlers its parts are passed, not itself."""

    db: Pool
    keys: Keys
    live: Hub
    blocking: Executor
    """For work that would hold the loop: password hashes, kernels."""
    clock: Callable[[], datetime]
    """The time in UTC."""
    settings: Settings
    archive: Archive
    """Sealed history."""
    exports: Places = field(default_factory=Places)
    """How many may export at once."""

    @property
    def source(self) -> Source:
        """Where readings lie."""
        return Source(self.db, self.blocking, self.archive)


def bind(app: Quart, context: Context) -> None:
    """Give the app its resources."""
    app.extensions[_EXTENSION] = context


def ctx() -> Context:
    """The resources of the running app; the only use of current_app."""
    return cast(Context, current_app.extensions[_EXTENSION])
