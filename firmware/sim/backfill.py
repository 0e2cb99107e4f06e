"""Gives simulated nodes a past: an earlier epoch of each, delivered as a node delivers.

    python backfill.py [--days 30] [--step-seconds 60] CONFIG ...

CONFIG is a node's own configuration file. The rows come from the same drivers that the node samples
with, go through the same sender, TLS client and acknowledgements, and end just before now. Standard
output gets one JSON object a line for whoever shows a progress bar: {"sent", "total"} in rows, with
"done" or "error" in the last.
"""

import argparse
import asyncio
import binascii
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import drivers
from node import compat, config, net, uplink, wire

_SENDING = {"send_ms": 0, "batch_rows": 2000, "body_bytes": 32768}
_PATIENCE_SECONDS = 120  # so long nothing may be acknowledged before it gives up


class Refused(Exception):
    """The appliance will not have these rows."""


class History:
    """The rows of an epoch that is over, in the place of a spool: made when asked for."""

    def __init__(self, settings, begin, step_ms, count):
        self._utc = compat.utc_ms()
        context = {"utc_ms": lambda: self._utc, "simulation": settings.simulation}
        self._sensors = drivers.create(settings.sensors, context)
        self._machine = context.get("machine")
        if self._machine is None:
            raise ValueError("sensors: none of them is simulated")
        self._epoch = binascii.hexlify(os.urandom(8)).decode()
        self._begin = begin
        self._step = step_ms
        self._count = count
        self._made = 0  # rows made or lost so far
        self._first = 0  # the number of the first row in memory
        self._rows = []
        self._dropped = 0

    def waiting(self):
        """Rows not acknowledged yet."""
        return self._count - self._made + len(self._rows)

    def next_batch(self, count):
        while len(self._rows) < count and self._made < self._count:
            self._utc = self._begin + self._made * self._step
            if not self._machine.offline(self._utc):
                self._make()
            elif self._rows:
                break  # the rows after a gap are another batch
            else:  # the network was gone for longer than a ring holds
                self._made += 1
                self._first = self._made
                self._dropped += 1
        if not self._rows:
            return None
        metrics = [sensor.metric for sensor in self._sensors]
        digits = [sensor.digits for sensor in self._sensors]
        batch = wire.Batch(self._epoch, 0, self._first, self._rows[:count], metrics, digits)
        batch.base = self._begin
        batch.dropped = self._dropped
        return batch

    def _make(self):
        values = [wire.scale(sensor.read(), sensor.digits) for sensor in self._sensors]
        self._rows.append((self._made * self._step, *values))
        self._made += 1

    def forget(self, batch, count):
        self._rows = self._rows[count:]
        self._first += count

    def set_aside(self, batch, count):
        raise Refused("the appliance refused %d rows ten times" % count)

    def learn(self, base):
        """The past has its own base."""


class Progress:
    """Lines of JSON, a few a second."""

    def __init__(self, out, total):
        self._out = out
        self._total = total
        self._told = 0.0

    def tell(self, sent, **more):
        if more or time.monotonic() - self._told > 0.25:
            self._told = time.monotonic()
            print(
                json.dumps(dict({"sent": sent, "total": self._total}, **more)),
                file=self._out,
                flush=True,
            )


class Clock:
    """Nothing here needs the appliance's time."""

    def learn(self, now):
        pass


async def deliver(settings, history, heard):
    """Sends a history until all of it is acknowledged, calling heard(rows acknowledged)."""
    server = settings.server
    client = net.Client(
        server["host"],
        server["port"],
        server["name"],
        server["ca"],
        settings.key,
        server["timeout_s"],
    )
    sender = uplink.Sender(
        history, Clock(), compat.Uptime(), lambda: 0.5, lambda: [("reset", "start")], _SENDING
    )
    patience = time.monotonic() + _PATIENCE_SECONDS
    try:
        while history.waiting():
            before = sender.delivered
            await uplink.exchange(client, sender)
            if sender.delivered > before:
                patience = time.monotonic() + _PATIENCE_SECONDS
                heard(sender.delivered)
            elif time.monotonic() > patience:
                raise Refused("nothing was acknowledged for %d s" % _PATIENCE_SECONDS)
            await asyncio.sleep(sender.wait_ms() / 1000)
    finally:
        await client.close()
    return sender.delivered


def main():
    parser = argparse.ArgumentParser(description="Gives simulated nodes a past.")
    parser.add_argument("config", nargs="+", help="configuration file of a node")
    parser.add_argument("--days", type=float, default=30)
    parser.add_argument("--step-seconds", type=int, default=60)
    options = parser.parse_args()
    out, sys.stdout = sys.stdout, sys.stderr  # what the node's parts say is not progress
    step_ms = options.step_seconds * 1000
    count = int(options.days * 86400000) // step_ms
    begin = compat.utc_ms() // step_ms * step_ms - (count - 1) * step_ms
    progress = Progress(out, count * len(options.config))
    sent = 0
    try:
        for path in options.config:
            settings = config.load(path)
            history = History(settings, begin, step_ms, count)
            asyncio.run(
                deliver(settings, history, lambda rows, before=sent: progress.tell(before + rows))
            )
            sent += count
    except (config.ConfigError, Refused, ValueError, OSError) as error:
        progress.tell(sent, error=str(error))
        return 1
    progress.tell(sent, done=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
