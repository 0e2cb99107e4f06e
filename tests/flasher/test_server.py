"""The appliance as a technician's program meets it when it is away, another, or in the clear."""

from pathlib import Path

import pytest

from appliance.errors import NotFound, Unavailable, Unprocessable
from appliance.identity import certificates
from flasher.errors import NoAnswer
from flasher.server import Server, patience
from tests.appliance.plant import NOON


def test_a_password_never_goes_out_in_the_clear() -> None:
    with pytest.raises(Unprocessable, match="https://"):
        Server("http://localhost:8443", None)


def test_what_is_no_address_and_no_authority_is_told(tmp_path: Path, authority) -> None:
    with pytest.raises(Unavailable, match="not the address"):
        Server("https://box:eight", authority.authority)
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("nonsense")
    for file in (nonsense, tmp_path / "missing.pem"):
        with pytest.raises(NotFound, match=file.name):
            Server("https://localhost:8443", file)


def test_an_appliance_that_is_away_is_told_with_what_to_look_for(authority) -> None:
    with (
        Server("https://localhost:1", authority.authority) as server,
        pytest.raises(NoAnswer, match="Is the appliance running"),
    ):
        server.sign_in("tess@plant.example", "canary")


def test_a_server_of_another_plant_gets_no_password(stranger, tmp_path: Path) -> None:
    other = certificates.ensure(tmp_path, [], NOON).authority
    with Server(stranger, other) as server, pytest.raises(NoAnswer, match="--ca") as refused:
        server.sign_in("tess@plant.example", "canary")
    assert "canary" not in str(refused.value)


def test_a_server_that_is_no_appliance_is_told(stranger, authority) -> None:
    with (
        Server(stranger, authority.authority) as server,
        pytest.raises(NoAnswer, match="not as an appliance"),
    ):
        server.sign_in("tess@plant.example", "canary")


def test_patience_ends_with_the_words_it_was_given() -> None:
    with pytest.raises(NoAnswer, match="nothing came"):
        patience(0, "nothing came")()
