"""Why a message did not go out."""

from appliance.errors import CarbonseedError


class NotSent(CarbonseedError):
    """The message could not be sent. The text holds no secret. lasting: trying again is useless."""

    code = "not-sent"

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.lasting = lasting
