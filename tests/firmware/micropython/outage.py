"""micropython -X heapsize=100K outage.py NODE FOLDER HOURS SERVER [BODY_BYTES]: hours of outage.

NODE holds the node's modules, FOLDER becomes its flash. Five channels are sampled every ten seconds
on a clock that jumps, while every try to send fails; then the appliance at SERVER (host, port,
name, CA's file, key, rows in a message: one JSON of less than 256 bytes) is there, and everything
is delivered in real time, in messages of at most BODY_BYTES. Prints what became of the rows, how
often it tried meanwhile, the answers in their order and how much memory was in use.
"""

import sys

sys.path.insert(0, sys.argv[1])

import asyncio
import gc
import json
import time

import drivers
from node import (
    app,  # noqa: F401  the whole application is in memory
    sampling,
    spool,
    uplink,
)
from node.net import Client

SECONDS = 10
METRICS = ("temperature", "gas", "vibration", "power", "humidity")
SIGNAL = {"level": 40, "noise": 0.2, "wander": [3600, 2]}
FLASH = {
    "max_bytes": 1048576,
    "segment_bytes": 8192,
    "flush_rows": 10,
    "flush_ms": 10000,
    "memory_rows": 60,
}
SENDING = {"send_ms": 10000, "body_bytes": 8192}


class Clock:
    """The node's uptime: real time, and what was skipped."""

    def __init__(self):
        self.skipped = 0
        self._begun = time.ticks_ms()

    def __call__(self):
        return self.skipped + time.ticks_diff(time.ticks_ms(), self._begun)

    def learn(self, now):
        """Takes the appliance's time, as a board's clock does."""


class Heap:
    """What was in use after a collection, at the most."""

    most = 0

    @classmethod
    def look(cls):
        gc.collect()
        cls.most = max(cls.most, gc.mem_alloc())
        return gc.mem_alloc()


class Told(Client):
    """The node's client, which remembers the answers: (status, seconds told to wait)."""

    answers = None

    async def request(self, method, path, make_body):
        answer = await Client.request(self, method, path, make_body)
        wait = int(answer[1].get("retry-after", "0"))
        if self.answers is None:
            self.answers = []
        if not self.answers or self.answers[-1][:2] != [answer[0], wait]:
            self.answers.append([answer[0], wait, 0])
        self.answers[-1][2] += 1
        return answer


def made(folder, uptime, sending):
    context = {"utc_ms": lambda: 1764000000000 + uptime(), "simulation": {}}
    specs = [
        {"metric": m, "unit": "", "digits": 2, "driver": "simulated", "signal": SIGNAL}
        for m in METRICS
    ]
    sensors = drivers.create(specs, context)
    ring = spool.Spool(folder, "72" * 8, list(METRICS), [2] * 5, FLASH)
    sampler = sampling.Sampler(uptime, sensors, SECONDS * 1000, ring.add)
    health = lambda: [("heap", gc.mem_free()), ("queue", ring.waiting())]  # noqa: E731
    limits = dict(SENDING)
    limits.update(sending)
    return sampler, ring, uplink.Sender(ring, uptime, uptime, lambda: 0.5, health, limits)


def without(sampler, ring, sender, uptime, hours):
    """Hours without the appliance; returns how often the node tried to reach it."""
    tries = 0
    for number in range(hours * 3600 // SECONDS):
        uptime.skipped += max(0, sampler.wait_ms())
        sampler.take()
        gc.collect()
        ring.flush_if_due(uptime())
        if not sender.wait_ms() and sender.ready():
            sender.body()
            tries += 1
            sender.failed(OSError("no route"))
        if number % 500 == 0:
            Heap.look()
    return tries


async def deliver(ring, sender, client):
    while ring.waiting():
        await uplink.exchange(client, sender)
        Heap.look()
        await asyncio.sleep(sender.wait_ms() / 1000)
    await client.close()


folder, hours = sys.argv[2], int(sys.argv[3])
server = json.loads(sys.argv[4])
with open(server.pop("ca")) as file:
    ca = file.read()
sending = {"batch_rows": server["rows"]}
if len(sys.argv) > 5:
    sending["body_bytes"] = int(sys.argv[5])
loaded = Heap.look()
uptime = Clock()
sampler, ring, sender = made(folder, uptime, sending)
begun = Heap.look()
tries = without(sampler, ring, sender, uptime, hours)
waiting = ring.waiting()
full = Heap.look()
sender._not_before = uptime()  # the last wait of the outage has passed
client = Told(server["host"], server["port"], server["name"], ca, server["key"], 60)
asyncio.run(deliver(ring, sender, client))
result = {
    "rows": sampler.row,
    "waiting": waiting,
    "tries": tries,
    "delivered": sender.delivered,
    "dropped": ring.living.dropped,
    "refused": ring.refused(),
    "answers": client.answers,
    "heap": gc.mem_alloc() + gc.mem_free(),
    "loaded": loaded,
    "begun": begun,
    "full": full,
    "most": Heap.most,
}
print(json.dumps(result))
