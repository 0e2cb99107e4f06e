"""`carbonseed user` on a box."""

import asyncio
import json

import pytest

JANE = ["user", "add", "jane@north.example", "--name", "Jane", "--role", "administrator"]
JOE = ["user", "add", "Joe@North.example", "--name", "Joe", "--role", "operator"]


def listed(command) -> list[dict]:
    code, out, _ = command("user", "list", "--json")
    assert code == 0
    return json.loads(out)["users"]


def test_a_person_is_added_with_a_code_alone_on_stdout(command, north) -> None:
    code, out, err = command(*JOE)
    assert code == 0
    assert len(out.strip()) == 14
    assert "Joe (operator)" in err
    assert [(one["email"], one["factory_ids"]) for one in listed(command)] == [
        ("joe@north.example", [north.id])
    ]


def test_an_administrator_needs_no_factory(command) -> None:
    assert command(*JANE)[0] == 0
    _, out, _ = command("user", "list")
    assert out.splitlines()[1].split() == [
        "jane@north.example",
        "Jane",
        "administrator",
        "all",
        "never",
    ]


def test_with_several_factories_one_is_to_be_named(command, north, south) -> None:
    code, out, err = command(*JOE)
    assert (code, out) == (6, "")
    assert "There are: North, South" in err
    assert command(*JOE, "--factory", "East")[0] == 4
    assert command(*JOE, "--factory", "South", "--factory", "North")[0] == 0
    assert listed(command)[0]["factory_ids"] == [north.id, south.id]


@pytest.mark.parametrize("email", ["joe", "", "a b@c.d", "\x1b[31m@x"])
def test_what_is_no_email_address_is_refused(command, north, email) -> None:
    code, out, err = command("user", "add", email, "--name", "Joe", "--role", "operator")
    assert (code, out) == (1, "")
    assert "cannot be added" in err


def test_a_person_is_reset_disabled_and_enabled(command, north) -> None:
    command(*JOE)
    code, out, _ = command("user", "reset", "JOE@north.example")
    assert (code, len(out.strip())) == (0, 14)
    assert command("user", "disable", "joe@north.example")[0] == 0
    assert listed(command)[0]["disabled_at"]
    assert "disabled" in command("user", "list")[1]
    assert command("user", "enable", "joe@north.example")[0] == 0
    assert listed(command)[0]["disabled_at"] is None


def test_the_last_administrator_stays(command) -> None:
    command(*JANE)
    code, _, err = command("user", "disable", "jane@north.example")
    assert code == 6
    assert "last administrator" in err


def test_who_is_not_there_is_not_found(command) -> None:
    for verb in ("reset", "disable", "enable"):
        code, _, err = command("user", verb, "nobody@north.example")
        assert code == 4
        assert "carbonseed user list" in err


async def test_whoever_typed_is_in_the_record(command, pool, north) -> None:
    await asyncio.to_thread(command, *JOE)
    await asyncio.to_thread(command, "user", "disable", "joe@north.example")
    rows = await pool.fetch("select actor, action from audit order by id")
    assert [tuple(row) for row in rows] == [
        ("console:ayse", "user.create"),
        ("console:ayse", "user.change"),
    ]
