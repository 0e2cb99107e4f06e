import pytest

from appliance.api.ingest.rate import Rate
from appliance.errors import TooMany
from appliance.model.ids import DeviceId

ONE, OTHER = DeviceId(1), DeviceId(2)


def posts(rate: Rate, device_id: DeviceId, now: float) -> int:
    """How many posts the device may make now."""
    taken = 0
    while taken < 1000:
        try:
            rate.take(device_id, now)
        except TooMany:
            return taken
        taken += 1
    return taken


def test_a_device_may_post_a_minutes_worth_at_once_and_then_at_its_rate() -> None:
    rate = Rate(600)
    assert posts(rate, ONE, 1000.0) == 600
    assert posts(rate, ONE, 1000.05) == 0
    assert posts(rate, ONE, 1001.0) == 10
    assert posts(rate, OTHER, 1001.0) == 600
    assert posts(rate, ONE, 5000.0) in {599, 600}  # rounding


def test_the_time_to_wait_is_enough_and_not_much_more() -> None:
    rate = Rate(6)
    assert posts(rate, ONE, 0.0) == 6
    with pytest.raises(TooMany) as refused:
        rate.take(ONE, 0.0)
    assert refused.value.retry_after_seconds in {10, 11}
    assert posts(rate, ONE, 0.0 + refused.value.retry_after_seconds) == 1
