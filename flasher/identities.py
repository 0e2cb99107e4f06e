"""Where a board's identity comes from, and how it is proved that the board is alive with it."""

from datetime import datetime
from typing import Protocol

import msgspec

from appliance.errors import CarbonseedError
from flasher import server
from flasher.errors import KeyRevoked
from flasher.events import Step, Tell
from flasher.server import Claim, Claimed, Server


class Identities(Protocol):
    """The appliance itself, or a batch that was taken along from it."""

    def claim(self, mac: str) -> Claimed:
        """The identity of the board with this MAC; asked again, of the same device."""

    def heard(self, claimed: Claimed) -> datetime | None:
        """When the device was last heard of."""

    def prove(
        self,
        claimed: Claimed,
        since: datetime | None,
        seconds: float,
        started: str | None,
        tell: Tell,
    ) -> dict[str, float]:
        """Wait until the board is alive with its identity; its first values. started: its words."""

    def drop(self, claimed: Claimed, tell: Tell) -> None:
        """The board was not made: its key must not open anything."""


class FromAppliance:
    """Claims at a running appliance. `{mac}` in the name: the last six digits of the board's."""

    def __init__(self, appliance: Server, claim: Claim) -> None:
        self._appliance = appliance
        self._claim = claim

    def claim(self, mac: str) -> Claimed:
        """The device of this board; its name and all else are those of the claim."""
        name = self._claim.name.replace("{mac}", mac.replace(":", "")[-6:])
        return self._appliance.claim(msgspec.structs.replace(self._claim, mac=mac, name=name))

    def heard(self, claimed: Claimed) -> datetime | None:
        """When the device was last heard of, by the appliance's clock."""
        return self._appliance.received_at(claimed.device.id)

    def prove(
        self,
        claimed: Claimed,
        since: datetime | None,
        seconds: float,
        started: str | None,
        tell: Tell,
    ) -> dict[str, float]:
        """Wait for the new firmware's first reading; from then on no older key is needed."""
        device = claimed.device
        tell(Step("register", f"Waiting for the first reading of {device.name}."))
        silent = server.patience(
            seconds,
            f"The board is written and checked, but {device.name} sent nothing within {seconds:g} "
            "s. Count the blinks of its light: five, it finds no Wi-Fi; four, no appliance; three, "
            "the appliance refuses it. Mend that, and it reports by itself.",
        )

        def wait() -> None:
            if not self._appliance.is_live(device.id, claimed.key_id):
                raise KeyRevoked(
                    f"The key of {device.name} was revoked while the board was being made. "
                    "Run the same command again: it gets a new one."
                )
            silent()

        values = self._appliance.wait_for_reading(device.id, since, wait)
        readings = {value.metric: value.value for value in values}
        told = ", ".join(f"{metric} {value:g}" for metric, value in readings.items())
        self._appliance.keep_only(device.id, claimed.key_id)
        tell(Step("register", f"The first reading has arrived: {told}."))
        return readings

    def drop(self, claimed: Claimed, tell: Tell) -> None:
        """Revoke the key at once; where the appliance is away, the next claim does it."""
        try:
            self._appliance.revoke(claimed.device.id, claimed.key_id)
        except CarbonseedError as error:
            tell(
                Step("claim", f"The new key could not be revoked ({error}) – the next run does it.")
            )
        else:
            tell(Step("claim", "The board was not made, so its new key is revoked."))
