"""A stopped appliance with a database of its own, and a place for its backups."""

from pathlib import Path

import pytest

from appliance.cli.box import box
from appliance.settings import Settings
from appliance.store.postgres.cluster import open_cluster
from tests.appliance.backup.plant import furnish


@pytest.fixture
async def settings(folder: Path) -> Settings:
    """An appliance that is stopped, with a database of its own."""
    made = Settings(data_dir=folder.with_name("data"))
    made.data_dir.mkdir(mode=0o711)
    async with open_cluster(made.cluster_dir):
        pass
    async with box(made) as db:
        await furnish(db, made)
    return made


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    """Where backups go."""
    return tmp_path / "backups"
