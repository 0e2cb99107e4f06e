from pathlib import Path

import pytest

from appliance import data_dir
from appliance.settings import Settings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test changes in the environment is taken back."""
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)


def test_a_users_folder_is_closed_to_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    data_dir.prepare(Settings(data_dir=tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_roots_postgresql_may_pass_through_and_look_at_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    settings = Settings(data_dir=folder.with_name("data"))
    data_dir.prepare(settings)
    assert settings.data_dir.stat().st_mode & 0o777 == 0o711
    assert not settings.cluster_dir.exists()


def test_where_postgresql_cannot_pass_a_link_leads_to_where_it_can(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(data_dir, "SYSTEM_DATA_DIR", folder.parent / "system")
    (tmp_path / "home").mkdir(mode=0o700)
    settings = Settings(data_dir=tmp_path / "home" / "data")
    data_dir.prepare(settings)
    target = settings.cluster_dir.readlink()
    assert target.parent == folder.parent / "system"
    assert target.parent.stat().st_mode & 0o777 == 0o711
    data_dir.prepare(settings)
    assert settings.cluster_dir.readlink() == target


def test_a_server_of_the_plants_needs_no_way_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    settings = Settings(data_dir=tmp_path / "data", database_url="postgresql://me@db/box")
    data_dir.prepare(settings)
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700
    assert list(settings.data_dir.iterdir()) == []
