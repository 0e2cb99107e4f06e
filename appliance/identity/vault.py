"""Secrets of others, encrypted under a key of the appliance that the database never sees."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken

from appliance.errors import CarbonseedError

_PURPOSE = b"carbonseed: secrets of contacts"


class Unreadable(CarbonseedError):
    """The secret cannot be read with this appliance's key; give it anew."""

    code = "unreadable"


class Vault:
    """Seals and opens text. signing: the appliance's own secret (`Keys.signing`)."""

    def __init__(self, signing: bytes) -> None:
        derived = hmac.new(signing, _PURPOSE, hashlib.sha256).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, text: str) -> bytes:
        """Encrypt; twice the same text gives two different results."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Decrypt; Unreadable if it was sealed elsewhere."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise Unreadable from error
