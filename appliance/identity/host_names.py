"""By which names and addresses this machine is reached."""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import psutil


def host_names() -> set[str]:
    """The machine's own name, also as mDNS tells it, and the address of every interface."""
    name = socket.gethostname()
    addresses = {
        address.address
        for interface in psutil.net_if_addrs().values()
        for address in interface
        if address.family in {socket.AF_INET, socket.AF_INET6}
    }
    reached = {text for text in addresses if "%" not in text and not ip_address(text).is_link_local}
    return {name, f"{name.partition('.')[0]}.local"} | reached


def is_known(host: str, names: set[str]) -> bool:
    """Whether the Host of a request is one of `names` (which may hold wildcards) or an address.

    An address needs no list: nobody else can make it lead to this machine.
    """
    name = urlsplit(f"//{host}").hostname or ""
    try:
        ip_address(name)
    except ValueError:
        return name in names or f"*.{name.partition('.')[2]}" in names
    return True
