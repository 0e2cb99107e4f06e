"""Plain HTTP: sends browsers on to HTTPS and refuses everything else."""

import re

from appliance.errors import NotAllowed
from appliance.listeners.asgi import App, Receive, Scope, Send, answer, header, refuse
from appliance.listeners.people import INGEST_PATH

HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d+)?")


class PlainHttp(NotAllowed):
    """Plain HTTP carries no data here."""

    code = "plain-http"


def redirect(people_port: int, device_port: int) -> App:
    """An application that answers pages with their address on HTTPS.

    What carries data or a key is refused and not sent on: whoever redirects it has read it.
    """

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        host = HOST.fullmatch(header(scope, b"host"))
        is_page = scope["method"] in {"GET", "HEAD"} and scope["path"] != INGEST_PATH
        if host is None or not is_page or header(scope, b"authorization"):
            await refuse(
                send,
                PlainHttp(
                    "This port speaks plain HTTP, which anybody on the way can read. Use HTTPS: "
                    f"port {people_port} for people and scripts, {device_port} for devices."
                ),
            )
            return
        query = scope["query_string"]
        place = scope["raw_path"] + (b"?" + query if query else b"")
        target = f"https://{host[1]}:{people_port}".encode() + place
        await answer(send, 308, [(b"location", target)])

    return app
