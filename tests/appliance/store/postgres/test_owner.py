import os
import pwd

import pytest

from appliance.store.postgres import ClusterError, owner

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@as_root
def test_root_steps_down_to_the_system_user(tmp_path):
    found = owner.find(tmp_path / "data")
    assert found.name == "carbonseed"
    assert found.uid == pwd.getpwnam("carbonseed").pw_uid != 0
    assert found.identity == {"user": found.uid, "group": found.gid, "extra_groups": []}


@as_root
def test_data_keeps_the_owner_it_has(tmp_path):
    nobody = pwd.getpwnam("nobody")
    os.chown(tmp_path, nobody.pw_uid, nobody.pw_gid)
    assert owner.find(tmp_path).name == "nobody"


@as_root
def test_data_of_root_does_not_make_root_its_owner(tmp_path):
    assert owner.find(tmp_path).name == "carbonseed"


@as_root
def test_a_folder_behind_a_closed_door_cannot_be_entered(tmp_path):
    inside = tmp_path / "closed" / "inside"
    inside.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    assert not owner.find(inside).may_enter(inside)
    assert owner.Owner(0, 0).may_enter(inside)


@as_root
@pytest.mark.parametrize(
    ("name", "path", "reason"),
    [("no such:name", os.environ["PATH"], "invalid user name"), ("unmade", "/nowhere", "useradd")],
)
def test_a_system_user_that_cannot_be_made_is_said_so(tmp_path, monkeypatch, name, path, reason):
    monkeypatch.setattr(owner, "SYSTEM_USER", name)
    monkeypatch.setenv("PATH", path)
    with pytest.raises(ClusterError, match=f"{name} cannot be made: .*{reason}"):
        owner.find(tmp_path / "data")


def test_anyone_but_root_stays_who_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    found = owner.find(tmp_path)
    assert (found.uid, found.identity, found.name) == (1234, {}, "1234")
