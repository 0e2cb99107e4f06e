from pathlib import Path

import pytest

from appliance.errors import CarbonseedError
from appliance.store.database import Place, open_database, with_password


def test_the_password_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/wörd:1\n")
    assert with_password("postgresql://me@db.example:5433/box?sslmode=require", file) == (
        "postgresql://me:p%40ss%2Fw%C3%B6rd%3A1@db.example:5433/box?sslmode=require"
    )
    assert with_password("postgresql://me:old@db.example/box", file).startswith(
        "postgresql://me:p%40ss"
    )
    assert with_password("postgresql://me@db.example/box", None) == "postgresql://me@db.example/box"


def test_what_is_wrong_with_the_address_is_said(tmp_path: Path) -> None:
    with pytest.raises(CarbonseedError, match=r"password file .* cannot be read"):
        with_password("postgresql://me@db.example/box", tmp_path / "none")
    (tmp_path / "password").write_text("secret")
    with pytest.raises(CarbonseedError, match="names no user"):
        with_password("postgresql://db.example/box", tmp_path / "password")


async def test_a_server_of_the_plants_is_used_and_no_cluster_is_made(tmp_path: Path) -> None:
    place = Place(tmp_path / "postgres", url="postgresql://me@db.example/box")
    async with open_database(place) as database:
        assert (database.url, database.cluster) == (place.url, None)
