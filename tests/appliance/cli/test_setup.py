"""`carbonseed setup` on a box."""

import os
import re

import pytest

from appliance.identity import certificates
from appliance.running import Running, write_running
from appliance.settings import Settings
from tests.appliance.plant import NOON


@pytest.fixture
def serving(tmp_path) -> str:
    """A box whose appliance runs: its address."""
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "certificates").mkdir()
    certificates.ensure(settings.certificates_dir, [], NOON)
    write_running(settings.running_file, Running(os.getpid(), "127.0.0.1", 9443, 9444, None))
    return "https://127.0.0.1:9443"


def link(said: str) -> str | None:
    found = re.search(r"https://127\.0\.0\.1:9443/setup\?code=[0-9A-Z-]{14}", said)
    return found and found[0]


def test_each_call_gives_a_new_link_and_the_fingerprint(command, serving) -> None:
    first, second = command("setup"), command("setup")
    assert first[0] == second[0] == 0
    assert link(first[1]) != link(second[1])
    assert link(first[1])
    assert re.search(r"SHA-256 ([0-9A-F]{2}:){31}", second[1])


def test_where_there_is_an_administrator_no_link_is_made(command, serving) -> None:
    command("user", "add", "jane@north.example", "--name", "Jane", "--role", "administrator")
    code, out, _ = command("setup")
    assert code == 0
    assert f"There is an administrator already. Sign in at {serving}" in out
    assert "setup?code" not in out


def test_where_nothing_runs_no_link_is_made(command) -> None:
    code, out, err = command("setup")
    assert (code, out) == (7, "")
    assert "nobody could follow a link" in err
