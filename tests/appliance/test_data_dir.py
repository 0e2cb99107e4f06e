import subprocess
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


def test_folders_that_came_to_hold_nothing_are_taken_back(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    system = folder.parent / "system"
    monkeypatch.setattr(data_dir, "SYSTEM_DATA_DIR", system)
    (tmp_path / "home").mkdir(mode=0o700)
    settings = Settings(data_dir=tmp_path / "home" / "a" / "b")
    made = data_dir.prepare(settings)
    settings.kernels_dir.mkdir()
    data_dir.take_back(settings, made)
    assert [*(tmp_path / "home").iterdir(), *system.iterdir()] == []


@pytest.mark.parametrize("kept", ["certificates", "postgres/data"])
def test_folders_that_hold_something_or_were_there_before_stay(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(data_dir, "SYSTEM_DATA_DIR", folder.parent / "system")
    settings = Settings(data_dir=tmp_path / "data")
    made = data_dir.prepare(settings)
    (settings.data_dir / kept).mkdir()
    data_dir.take_back(settings, made)
    assert (settings.data_dir / kept).exists()
    (settings.data_dir / kept).rmdir()
    data_dir.take_back(settings, data_dir.prepare(settings))
    assert settings.cluster_dir.is_symlink()


def test_a_cluster_that_no_link_leads_to_is_an_orphan(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(data_dir, "SYSTEM_DATA_DIR", folder.parent / "system")
    settings = Settings(data_dir=tmp_path / "data")
    data_dir.prepare(settings)
    target = settings.cluster_dir.readlink()
    assert data_dir.orphans() == []
    data_dir.note_link(target, tmp_path / "moved")
    settings.cluster_dir.rename(tmp_path / "moved")
    assert data_dir.orphans() == []
    (tmp_path / "moved").unlink()
    assert data_dir.orphans() == [target]


def test_make_clean_removes_the_demos_cluster_that_lies_elsewhere_and_no_other(
    tmp_path: Path,
) -> None:
    (tmp_path / "system" / "of the demo").mkdir(parents=True)
    (tmp_path / "system" / "other").mkdir()
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo" / "postgres").symlink_to(tmp_path / "system" / "of the demo")
    makefile = Path(__file__).parents[2] / "Makefile"
    subprocess.run(["make", "-f", makefile, "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["system", "other"]
