"""The key that signs firmware: boards are flashed with its public half and trust nothing else."""

import hashlib
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from appliance.identity.keys import KeysError, read_or_make
from appliance.model.firmware import FirmwareKey

KEY_FILE = "firmware.key"
BITS = 3072
EXPONENT = 65537


def load_or_make(secrets_dir: Path) -> rsa.RSAPrivateKey:
    """The appliance's RSA key for firmware, made where it is missing. Blocks on the disk."""
    secrets_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = secrets_dir / KEY_FILE
    pem = read_or_make(file, _new)
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise KeysError(f"{file} is no private key. Restore it from a backup.") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != BITS:
        raise KeysError(f"{file} is no RSA key of {BITS} bits. Restore it from a backup.")
    return key


def public(key: rsa.RSAPrivateKey) -> FirmwareKey:
    """What boards are flashed with."""
    modulus = f"{key.public_key().public_numbers().n:x}"
    return FirmwareKey(modulus, hashlib.sha256(bytes.fromhex(modulus)).hexdigest()[:16])


def sign(key: rsa.RSAPrivateKey, manifest: bytes) -> bytes:
    """The signature of a manifest, as long as the key; the same every time."""
    return key.sign(manifest, padding.PKCS1v15(), hashes.SHA256())


def _new() -> bytes:
    key = rsa.generate_private_key(EXPONENT, BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
