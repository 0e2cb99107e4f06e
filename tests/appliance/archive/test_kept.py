"""What is kept stays within its bound, and the last used stays longest."""

from appliance.archive.kept import Kept


def test_what_was_used_last_is_kept_within_the_bound() -> None:
    kept: Kept[str, int] = Kept(most_bytes=30)
    for number, key in enumerate("abc"):
        kept.put(key, number, 10)
    assert kept.get("a") == 0
    kept.put("d", 3, 10)
    assert kept.get("b") is None
    assert [kept.get(key) for key in "acd"] == [0, 2, 3]
    assert kept.held_bytes == 30


def test_one_value_over_the_bound_is_kept_alone() -> None:
    kept: Kept[str, int] = Kept(most_bytes=30)
    kept.put("a", 0, 10)
    kept.put("b", 1, 100)
    assert (kept.get("a"), kept.get("b"), kept.held_bytes) == (None, 1, 100)


def test_a_value_takes_the_place_of_another_and_can_be_forgotten() -> None:
    kept: Kept[str, int] = Kept(most_bytes=30)
    kept.put("a", 0, 10)
    kept.put("a", 1, 20)
    assert (kept.get("a"), kept.held_bytes) == (1, 20)
    kept.forget("a")
    kept.forget("a")
    assert (kept.get("a"), kept.held_bytes) == (None, 0)
