"""Puts the node together from its configuration and runs it."""

import asyncio
import binascii
import gc
import os

import drivers

from . import board, compat, errands, journal, net, sampling, slots, spool, uplink
from .compat import say

AGAIN = 3  # the exit code of a node that wants to be started anew


class Node:
    """One node: sensors → sampler → spool → sender → client, and errands beside them."""

    def __init__(self, settings):
        self.broken = False
        self.again = False
        self._stopped = None
        self.uptime = compat.Uptime()
        context = {"utc_ms": compat.utc_ms, "simulation": settings.simulation}
        sensors = drivers.create(settings.sensors, context)
        self._machine = context.get("machine")  # a simulated machine can take the network away
        self.spool = spool.Spool(
            settings.spool["folder"],
            binascii.hexlify(os.urandom(8)).decode(),
            [sensor.metric for sensor in sensors],
            [sensor.digits for sensor in sensors],
            settings.spool,
        )
        interval = settings.sampling["interval_ms"]
        self.journal = journal.Journal(self.uptime)
        note = self.journal.note
        self.sampler = sampling.Sampler(self.uptime, sensors, interval, self.spool.add, note)
        self.link = board.Link(settings.board["wifi"], note)
        self.clock = board.Clock(settings.spool["folder"], settings.board["made_ms"])
        self.light = board.Light(settings.board["led_pin"])
        self._feed = board.watchdog(settings.board["watchdog_ms"])
        limits = {
            "send_ms": settings.sending["interval_ms"],
            "batch_rows": settings.sending["batch_rows"],
            "body_bytes": settings.sending["body_bytes"],
        }
        self.sender = uplink.Sender(
            self.spool, self.clock, self.uptime, _draw, self.health, limits, note
        )
        server = settings.server
        self.client = net.Client(
            server["host"],
            server["port"],
            server["name"],
            server["ca"],
            settings.key,
            server["timeout_s"],
        )
        self._reset = board.reset_cause()
        self.boot = self.spool.boot
        self.epoch = self.spool.living.epoch
        found = slots.running()
        self.errands = errands.Errands(
            self.client, self.sender, self.journal, found, settings, self
        )
        say(
            "node: boot %d, epoch %s, %d sensors every %d ms, %d rows wait"
            % (self.boot, self.epoch, len(sensors), interval, self.spool.waiting())
        )
        note("reset", self._reset)
        if found.back:
            note("rollback", "%s, to %s" % (found.back, found.version))
        if settings.refused:
            note("config-refused", "%d: %s" % (settings.bad, settings.refused))

    def health(self):
        """What is told about the node itself, as pairs."""
        return [
            ("rssi", self.link.rssi()),
            ("heap", board.heap_free()),
            ("reset", self._reset),
            ("queue", self.spool.waiting()),
            ("read_errors", self.sampler.read_errors),
            ("refused", self.spool.refused()),
        ]

    def link_up(self):
        if self._machine is not None and self._machine.offline(compat.utc_ms()):
            return False
        return self.link.up()

    async def sample(self):
        """Samples for ever, whatever the network does."""
        full = False
        while True:
            wait = self.sampler.wait_ms()
            if wait:
                await asyncio.sleep(min(wait, 1000) / 1000)
            else:
                self.sampler.take()
                gc.collect()
            self.spool.flush_if_due(self.uptime())
            if self.spool.living.dropped and not full:
                full = True
                self.journal.note("spool-full", "the oldest rows go")
            self._feed()

    async def run(self, stopped):
        """Runs until the event `stopped` is set; a loop that breaks ends the node."""
        self._stopped = stopped
        loops = [
            self.sample(),
            uplink.run(self.client, self.sender, self.link_up, self.errands.step),
            self.link.keep(),
            self.light.show(lambda: self.sender.state),
        ]
        work = [asyncio.create_task(self._guard(loop, stopped)) for loop in loops]
        await stopped.wait()
        for task in work:  # what is under way ends before its connection does
            while not task.done():  # `wait_for` of CPython 3.11 can swallow one
                task.cancel()
                await asyncio.sleep(0.01)
        await self.client.close()

    def restart(self):
        """Ends the node, to be started anew."""
        self.again = True
        self._stopped.set()

    async def _guard(self, loop, stopped):
        try:
            await loop
        except Exception as error:  # the edge of the node: say it, keep the rows, start anew
            say("node: broken: %s" % repr(error))
            self.broken = True
            stopped.set()

    def end(self):
        """Brings what is in memory into flash."""
        self.spool.flush(self.uptime())
        say("node: ended, %d rows wait" % self.spool.waiting())


def main(arguments):
    """Runs the node of the configuration named by --config (default: /config.json of the board).

    The exit code: 0 after a clean end, 1 when the node broke, 2 when it cannot start, AGAIN.
    """
    path, lifeline = _parse(arguments)
    while True:
        code = _live(path, lifeline)
        if code != AGAIN or lifeline or board.PRESENT:
            return code
        compat.forget_loop()


def _live(path, lifeline):
    """From one start to the end; gives the exit code."""
    try:
        node = _made(path)
    except (ValueError, OSError) as error:
        say("node: cannot start: %s" % error)
        return 2
    try:
        asyncio.run(_run(node, lifeline))
    except KeyboardInterrupt:
        pass
    finally:
        node.end()
    return 1 if node.broken else AGAIN if node.again else 0


def _made(path):
    """A node, without what the appliance sent last if no node can be made with it."""
    settings = _settings(path)
    try:
        return Node(settings)
    except Exception as error:  # a driver is an edge: it may raise anything at what it was given
        if not settings.on_trial:
            raise
        with compat.Lent("config") as config:
            config.set_aside(settings.root, settings.version, str(error))
        former = _settings(path)
        former.refused = str(error)
        return Node(former)


def _settings(path):
    with compat.Lent("config") as config:
        return config.load(path)


async def _run(node, lifeline):
    stopped = asyncio.Event()
    compat.on_terminate(stopped.set)
    watch = asyncio.create_task(_watch_input(stopped)) if lifeline else None
    await node.run(stopped)
    if watch:
        watch.cancel()


async def _watch_input(stopped):
    """Ends the node when whoever started it closes its standard input, be it by dying."""
    await compat.input_closed()
    stopped.set()


def _parse(arguments):
    path = os.getenv("CARBONSEED_NODE_CONFIG") if hasattr(os, "getenv") else None
    lifeline = False
    arguments = list(arguments)
    while arguments:
        name = arguments.pop(0)
        if name == "--config" and arguments:
            path = arguments.pop(0)
        elif name == "--lifeline":
            lifeline = True
        else:
            raise SystemExit("usage: main.py [--config FILE] [--lifeline]")
    return path or "/config.json", lifeline


def _draw():
    """A number from 0 to 1."""
    return int.from_bytes(os.urandom(2), "big") / 65535
