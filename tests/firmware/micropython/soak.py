"""micropython -X heapsize=200K soak.py CYCLES: a node's life in a small heap.

Samples, spools, sends and is answered well, badly or not at all, while the ring runs over; then one
TLS connection carries hundreds of messages to the test server. Prints what became of the rows and
how much memory was in use on the way; fails when it runs out.
"""

import sys

HERE = __file__.rsplit("/", 1)[0]
sys.path[:0] = [HERE + "/..", HERE + "/../../../firmware/src"]

import asyncio
import gc
import json

import drivers
import workbench
from node import net, sampling, spool, uplink

LIMITS = dict(workbench.LIMITS)
LIMITS.update({"max_bytes": 40960, "segment_bytes": 4096})
SIGNAL = {
    "level": 40,
    "idle": 20,
    "lag_s": 3600,
    "noise": 0.2,
    "wander": [3600, 2],
    "spikes": [7200, 9, 300],
}
METRICS = ("temperature", "gas", "vibration", "running")


class Life:
    def __init__(self):
        self.uptime = workbench.Clock()
        context = {
            "utc_ms": lambda: 1764000000000 + self.uptime.ms,
            "simulation": {"stops": [1800, 0.5, 60, 400]},
        }
        specs = [
            {"metric": m, "unit": "", "digits": 2, "driver": "simulated", "signal": SIGNAL}
            for m in METRICS
        ]
        sensors = drivers.create(specs, context)
        self.ring = spool.Spool(workbench.folder(), "a" * 16, list(METRICS), [2] * 4, LIMITS)
        self.sampler = sampling.Sampler(self.uptime, sensors, 1000, self.ring.add)
        limits = {"send_ms": 5000, "batch_rows": 100, "body_bytes": 16384}
        self.sender = uplink.Sender(self.ring, self, self.uptime, lambda: 0.5, self.health, limits)

    def learn(self, now):
        pass

    def health(self):
        return [("heap", gc.mem_free()), ("queue", self.ring.waiting())]

    def sample(self):
        self.uptime.ms = self.sampler.due
        self.sampler.take()
        gc.collect()
        self.ring.flush_if_due(self.uptime.ms)

    def cycle(self, number):
        self.sample()
        if self.sender.wait_ms():
            return
        if not self.sender.ready():
            return
        body = self.sender.body()
        hour = number // 900 % 4  # a quarter of the time there is no network, a quarter it is bad
        if hour == 1:
            self.sender.failed(OSError("no route"))
        elif hour == 2 and number % 3:
            self.sender.answered(
                (503, 413, 422)[number % 9 // 3], {"retry-after": "2"}, b'{"title":"no"}'
            )
        else:
            self.sender.answered(200, {}, answer(body))


def answer(body):
    message = json.loads(bytes(body))
    first, count = message["first"], len(message["rows"])
    ack = [[message["epoch"], first, first + count - 1]] if count else []
    return json.dumps({"ack": ack, "now": 1764000000000 + (message["sent_up"] or 0)}).encode()


async def talk(life, messages):
    server = workbench.server()
    pem = workbench.read(server["folder"] + "/ca.pem")
    client = net.Client("127.0.0.1", server["ports"]["good"], server["name"], pem, server["key"])
    sent = 0
    while sent < messages:
        life.sample()
        if not life.sender.wait_ms():
            await uplink.exchange(client, life.sender)
            sent += 1
    await client.close()


def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


cycles = int(sys.argv[1])
life = Life()
before = 0
for number in range(cycles):
    life.cycle(number)
    if number == cycles // 4 // 3600 * 3600:
        before = used()
while life.ring.waiting():
    life.cycle(0)
after = used()
simulated = life.sender.delivered
asyncio.run(talk(life, 20))
early = used()
asyncio.run(talk(life, 300))
late = used()
result = {
    "heap": gc.mem_alloc() + gc.mem_free(),
    "rows": life.sampler.row,
    "delivered": simulated,
    "over_tls": life.sender.delivered - simulated,
    "dropped": life.ring.living.dropped,
    "refused": life.ring.refused(),
    "waiting": life.ring.waiting(),
    "before": before,
    "after": after,
    "tls_early": early,
    "tls_late": late,
}
print(json.dumps(result))
