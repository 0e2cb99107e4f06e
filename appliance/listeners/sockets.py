"""Ports, taken before anything else starts, so that a busy one is told at once."""

import errno
import socket

from appliance.errors import CarbonseedError, Conflict, NotAllowed

BACKLOG = 1024


class PortBusy(Conflict):
    """Another program listens on this port."""

    code = "port-busy"


class PortRefused(NotAllowed):
    """The system does not let this user listen here."""

    code = "port-refused"


def listen(host: str, port: int) -> socket.socket:
    """Listen on the address; port 0: any free one."""
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(
            address[:2],
            family=family,
            backlog=BACKLOG,
            dualstack_ipv6=family == socket.AF_INET6 and host == "::",
        )
    except OSError as error:
        raise _told(error, host, port) from error


def port_of(listener: socket.socket) -> int:
    """The port a socket listens on."""
    port: int = listener.getsockname()[1]
    return port


def _told(error: OSError, host: str, port: int) -> CarbonseedError:
    if error.errno == errno.EADDRINUSE:
        return PortBusy(
            f"Port {port} is taken by another program. `carbonseed doctor` says which; stop it, "
            "or choose another port."
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return PortRefused(
            f"This user may not listen on port {port}. Choose one above 1023, or give the program "
            "the right to bind it (CAP_NET_BIND_SERVICE)."
        )
    return CarbonseedError(f"Cannot listen on {host}, port {port}: {error.strerror or error}.")
