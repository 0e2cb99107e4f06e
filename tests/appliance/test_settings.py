from pathlib import Path

import pytest

from appliance.settings import Settings, SettingsError, from_env

HOME = {"HOME": "/home/somebody"}


def test_without_a_word_everything_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert from_env({"PATH": "/bin"}) == Settings()


def test_who_is_not_root_keeps_the_data_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert from_env(HOME).data_dir == Path("/home/somebody/.local/share/carbonseed")
    data = {**HOME, "XDG_DATA_HOME": "/data"}
    assert from_env(data).data_dir == Path("/data/carbonseed")


def test_the_environment_sets_and_the_command_line_goes_over_it() -> None:
    environ = {
        "CARBONSEED_PEOPLE_PORT": "443",
        "CARBONSEED_NAMES": "box.example, 10.0.0.2",
        "CARBONSEED_PUBLIC_STATE_LINE": "true",
        "CARBONSEED_DATA_DIR": "/srv/box",
    }
    settings = from_env(environ, people_port=9443, data_dir=None)
    assert settings.people_port == 9443
    assert settings.names == ["box.example", "10.0.0.2"]
    assert settings.public_state_line
    assert settings.data_dir == Path("/srv/box")


def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="no setting CARBONSEED_PEPOLE_PORT"):
        from_env({"CARBONSEED_PEPOLE_PORT": "1"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PEOPLE_PORT", "many"),
        ("PEOPLE_PORT", "70000"),
        ("API_POOL_SIZE", "0"),
        ("PUBLIC_STATE_LINE", "perhaps"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"CARBONSEED_{name}"):
        from_env({f"CARBONSEED_{name}": text})


def test_two_equal_ports_are_refused() -> None:
    with pytest.raises(SettingsError, match="are the same"):
        from_env({"CARBONSEED_PEOPLE_PORT": "9443", "CARBONSEED_DEVICE_PORT": "9443"})


def test_ports_that_are_off_or_to_be_chosen_may_be_equal() -> None:
    settings = from_env({"CARBONSEED_PEOPLE_PORT": "0", "CARBONSEED_DEVICE_PORT": "0"})
    assert settings.people_port == settings.device_port == 0


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("http://box.example", "http://box.example"),
        ("box.example,,10.0.0.2", "''"),
        ("box.example,", "''"),
        ("*.plant.example", r"\*.plant.example"),
        ("box.example:8443", "box.example:8443"),
        ("two words", "two words"),
        ("-box", "-box"),
    ],
)
def test_a_name_that_is_none_is_refused_with_its_variable(text: str, bad: str) -> None:
    with pytest.raises(SettingsError, match=rf"CARBONSEED_NAMES holds .*{bad}"):
        from_env({"CARBONSEED_NAMES": text})


def test_names_and_addresses_are_taken_and_nothing_is_none() -> None:
    assert from_env({"CARBONSEED_NAMES": ""}).names == []
    given = "box, Box.Plant.Example ,10.1.2.3,fd00::5"
    assert from_env({"CARBONSEED_NAMES": given}).names == [
        "box",
        "Box.Plant.Example",
        "10.1.2.3",
        "fd00::5",
    ]
