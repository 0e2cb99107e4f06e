"""TLS as the listeners speak it: 1.2 and 1.3, forward secrecy, authenticated ciphers."""

import ssl
from collections.abc import Sequence
from pathlib import Path

from appliance.errors import CarbonseedError

HANDSHAKE_SECONDS = 10.0
GOODBYE_SECONDS = 1.0
"""How long a connection may take to say that it closes."""


class TlsError(CarbonseedError):
    """A certificate cannot be served."""

    code = "tls"


def server_context(certificate: Path, key: Path, protocols: Sequence[str]) -> ssl.SSLContext:
    """A server's side of TLS; `protocols` are offered by ALPN, the best first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(list(protocols))
    load(context, certificate, key)
    return context


def load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Serve this certificate from the next handshake on; connections that stand are kept."""
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TlsError(
            f"The certificate {certificate} with the key {key} cannot be served: {error}. "
            "Both must be PEM files, the key without a passphrase, and belong together."
        ) from error
