"""An application that reads the body and answers 200, on one of three servers.

own: the devices' listener as the product has it; uvicorn and hypercorn: as they come, set to the
same keep-alive. A path that ends in /hang is never answered.
"""

import asyncio
import json
import signal
import sys

import hypercorn.asyncio
import hypercorn.config
import uvicorn
import uvloop

from appliance.listeners.asgi import Receive, Scope, Send, answer
from appliance.listeners.http1 import KEEP_ALIVE_SECONDS, PROTOCOLS, serve_http1
from appliance.listeners.sockets import listen
from appliance.listeners.tls import server_context

ACK = (
    b'{"ack":[["9f3c2a7151e0b6d4",1000000,1000019]],"stored":20,"duplicate":0,"now":1764000000456}'
)
GRACEFUL_SECONDS = 3


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    if scope["path"].endswith("/hang"):
        await asyncio.Event().wait()
    await answer(send, 200, [(b"content-type", b"application/json")], ACK)


async def own(order: dict, stop: asyncio.Event) -> None:
    tls = server_context(order["certificate"], order["private_key"], PROTOCOLS)
    with listen("127.0.0.1", order["port"]) as listener:
        await serve_http1(app, listener, tls, stop)


async def plain_uvicorn(order: dict, stop: asyncio.Event) -> None:
    config = uvicorn.Config(
        app,
        port=order["port"],
        ssl_certfile=order["certificate"],
        ssl_keyfile=order["private_key"],
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    await stop.wait()
    server.should_exit = True
    await serving


async def plain_hypercorn(order: dict, stop: asyncio.Event) -> None:
    config = hypercorn.config.Config()
    config.bind = [f"127.0.0.1:{order['port']}"]
    config.certfile, config.keyfile = order["certificate"], order["private_key"]
    config.errorlog = None
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.keep_alive_max_requests = 1_000_000
    config.graceful_timeout = GRACEFUL_SECONDS
    await hypercorn.asyncio.serve(app, config, shutdown_trigger=stop.wait)


SERVERS = {"own": own, "uvicorn": plain_uvicorn, "hypercorn": plain_hypercorn}


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await SERVERS[order.get("server", "own")](order, stop)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
