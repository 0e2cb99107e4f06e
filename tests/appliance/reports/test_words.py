import pytest

from appliance.reports import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 s"),
        (4.25, "4.2 s"),
        (60.0, "1 min"),
        (725.0, "12 min 5 s"),
        (3599.6, "1 h"),
        (15_120.0, "4 h 12 min"),
        (86_399.0, "1 d"),
        (187_200.0, "2 d 4 h"),
        (518_400.0, "6 d"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_greatest_parts(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


def test_only_the_whole_is_told_as_the_whole() -> None:
    said = [words.share(share) for share in (1.0, 0.99999, 0.5, 0.00001, 0.0)]
    assert said == ["100 %", "99.9 %", "50 %", "0.1 %", "0 %"]


def test_numbers_are_grouped_and_have_a_true_minus() -> None:
    assert words.number(-1234567.891, 1) == "−1\u202f234\u202f567.9"
    assert (words.count(1, "alarm"), words.count(2000, "alarm")) == ("1 alarm", "2\u202f000 alarms")
