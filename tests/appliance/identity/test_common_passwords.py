"""Which passwords are too usual."""

import pytest

from appliance.errors import Unprocessable
from appliance.identity.common_passwords import WALKS, WORDS, is_common
from appliance.identity.passwords import refuse_weak

USUAL = """
password Password1 passw0rd P@ssw0rd123 p@$$w0rd! qwerty123 qwertyuiop qwertz123 azertyuiop
12345678 123456789 1234567890 11111111 00000000 11223344 20261123 31121999 aaaaaaaa abababab
abcabcabc abcd1234 asdf1234 qwer1234 1q2w3e4r 1q2w3e4r5t 1qaz2wsx zaq12wsx q1w2e3r4 asdfghjkl
zxcvbnm1 !@#$%^&* iloveyou letmein1 welcome1 trustno1 superman starwars football1 baseball
dragon99 monkey12 sunshine princess shadow12 mustang1 Summer2024 Winter2026! Spring-2026
administrator Admin123! admin-admin root1234 changeme changeme! ChangeMe2026 temp1234 test1234
carbonseed Carbonseed1 c4rb0ns33d furnace1 Foundry2026 steelworks! factory1 operator1 sensor01
operator-1 machine123 boiler2026 passpass secret123 willkommen1 berlin2026 liverpool
"""

GOOD = [
    "correct horse battery staple",
    "seven walrus kettle",
    "summer dragon football monkey",
    "xK9#mQ2$",
    "tümpelkröte",
    "the third furnace hums in A minor",
    "Bakı-nın küləkləri",
    "鋳造工場の溶けた鉄",
    "83920471650284619375",
]


@pytest.mark.parametrize("password", USUAL.split())
def test_a_usual_password_is_refused(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize("password", GOOD)
def test_an_unusual_password_is_taken(password: str) -> None:
    assert not is_common(password)
    refuse_weak(password)


def test_every_known_word_is_refused_with_a_year_behind_it() -> None:
    assert [word for word in WORDS if not is_common(word + "2026!")] == []


def test_every_walk_is_refused_in_both_directions() -> None:
    assert [walk for walk in WALKS if not (is_common(walk) and is_common(walk[::-1]))] == []


@pytest.mark.parametrize(
    "password", ["Schmidt2026", "jane.schmidt", "Hüttenwerk-1", "j4ne-schmidt"]
)
def test_what_is_known_of_the_person_is_refused(password: str) -> None:
    assert not is_common(password)
    assert is_common(password, "Jane Schmidt", "jane@huette.example", "Hüttenwerk Nord")


def test_a_short_password_is_refused_with_what_to_do() -> None:
    with pytest.raises(Unprocessable, match="has 7 characters; it needs 8"):
        refuse_weak("xK9#mQ2")
