"""Sends what waits, and forgets a row only when the appliance says that it has it."""

import asyncio
import gc

from . import wire
from .compat import say
from .net import Stale

_FIRST_WAIT_MS = 1000
_LONGEST_WAIT_MS = 60000
_KEY_REFUSED_WAIT_MS = (30000, 300000)
_LONGEST_RETRY_AFTER_MS = 3600000
_REFUSALS = 10

# What the node is doing, also the number of blinks of its light.
WELL, SENDING, REFUSED, NO_SERVER, NO_LINK = 1, 2, 3, 4, 5


class Sender:
    """The state machine of delivery: no sockets, no sleeping, time is what `uptime` says.

    `wait_ms()`, `ready()`, `body()`, `answered()` or `failed()`, for ever. `draw` gives 0 to 1,
    `note(what, detail)` is told what is worth telling.
    """

    def __init__(self, spool, clock, uptime, draw, health, limits, note=lambda what, detail: None):
        self._spool = spool
        self._clock = clock
        self._uptime = uptime
        self._draw = draw
        self._health = health
        self._limits = limits
        self._note = note
        self._lost = None  # when the appliance was last heard of, while it is not
        self._rows = limits["batch_rows"]
        self._batch = None
        self._count = 0  # so many of its rows are in the message
        self._buffer = bytearray(limits["body_bytes"])
        self._failures = 0
        self._refusals = 0
        self._not_before = uptime() + int(draw() * min(limits["send_ms"], 10000))
        self.state = SENDING
        self._why = ""
        self.offered = None  # the last answer, with the versions the appliance offers
        self.delivered = 0  # rows acknowledged since the start

    def wait_ms(self):
        """How long until the next try."""
        return max(0, self._not_before - self._uptime())

    def ready(self):
        """Whether there is something to send. Raises OSError when the flash fails."""
        self._batch = self._spool.next_batch(self._rows)
        if self._batch is None:
            self._not_before = self._uptime() + self._limits["send_ms"]
        return self._batch is not None

    def body(self):
        """The message of what is ready, as sent now; valid until the next one."""
        length, self._count = wire.encode(self._batch, self._uptime(), self._health(), self._buffer)
        return memoryview(self._buffer)[:length]

    def answered(self, status, headers, body):
        """Takes the appliance's answer to what `body` gave."""
        batch = self._batch
        if status == 200:
            self._accepted(batch, body)
        elif status == 413 and self._count > 1:
            self._rows = (self._count + 1) // 2
            self._retry("413, half the rows next time", REFUSED, 0)
        elif status in (400, 413, 422):
            self._refuse("status %d: %s" % (status, repr(bytes(body[:160]))))
        elif status in (401, 403):
            shortest, longest = _KEY_REFUSED_WAIT_MS
            self._retry("status %d, the key is refused" % status, REFUSED, shortest, longest)
        else:
            self._retry("status %d" % status, REFUSED, _retry_after_ms(headers))

    def failed(self, error):
        """Takes a failure of the network or of memory: nothing is known about what arrived."""
        if isinstance(error, Stale):
            self._not_before = self._uptime()
        elif isinstance(error, MemoryError):
            self._rows = max(1, self._rows // 2)
            self._retry("short of memory", REFUSED, 0)
        else:
            self._retry(str(error), NO_SERVER, 0)

    def no_link(self):
        """There is no network to try."""
        self._enter(NO_LINK, "no network")

    def _accepted(self, batch, body):
        try:
            answer = wire.parse_answer(body)
        except ValueError as error:
            self._retry("an answer that is none: %s" % error, REFUSED, 0)
            return
        now = self._uptime()
        if answer.now is not None:
            self._spool.learn(answer.now - now)
            self._clock.learn(answer.now)
        self.offered = answer
        count = wire.acknowledged(answer.ack, batch.epoch, batch.first, self._count)
        if self._count and not count:
            self._retry("nothing was acknowledged", REFUSED, 0)
            return
        self._spool.forget(batch, count)
        self.delivered += count
        self._failures = self._refusals = 0
        self._rows = min(self._rows * 2, self._limits["batch_rows"])
        if self._spool.waiting() > self._limits["batch_rows"]:
            self._enter(SENDING, "the appliance answers")
        else:
            self._enter(WELL, "all well")
        all_gone = batch.newest and count == len(batch.rows)
        self._not_before = now + (self._limits["send_ms"] if all_gone else 0)

    def _refuse(self, why):
        batch = self._batch
        self._refusals += 1
        if self._refusals < _REFUSALS and not batch.again:
            self._retry(why, REFUSED, 0)
            return
        self._refusals = 0
        if self._spool.set_aside(batch, self._count):
            self._note("quarantine", "%d rows from %d: %s" % (self._count, batch.first, why))
            self._not_before = self._uptime()
        else:
            self._retry("the flash takes no side file: %s" % why, REFUSED, _LONGEST_WAIT_MS)

    def _retry(self, why, state, shortest, longest=_LONGEST_WAIT_MS):
        self._enter(state, why)
        wait = max(shortest, _FIRST_WAIT_MS)
        wait = max(shortest, min(longest, wait << min(self._failures, 10)))
        self._failures += 1
        if wait > shortest:
            wait = max(shortest, wait // 2 + int(wait // 2 * self._draw()))
        else:
            wait += int(wait // 10 * self._draw())
        self._not_before = self._uptime() + wait

    def _enter(self, state, why):
        if (state, why) != (self.state, self._why):
            say("uplink: %s, %d rows wait" % (why, self._spool.waiting()))
            if state == REFUSED:
                self._note("refused", why)
        if state in (NO_SERVER, NO_LINK):
            if self._lost is None:
                self._lost = self._uptime()
        elif self._lost is not None:
            self._note("server", "back after %d s" % ((self._uptime() - self._lost) // 1000))
            self._lost = None
        self.state = state
        self._why = why


async def exchange(client, sender):
    """One message and its answer, if there is something to send."""
    try:
        if sender.ready():
            sender.answered(*await client.request("POST", "/ingest", sender.body))
    except (OSError, MemoryError) as error:
        gc.collect()
        sender.failed(error)


async def run(client, sender, link_up, errand):
    """Sends for ever, and does an errand after each message; waits where there is no network.

    `await errand()` says whether there was something to do.
    """
    while True:
        if link_up():
            wait = sender.wait_ms()
            if not wait:
                await exchange(client, sender)
            if await errand() or not wait:
                continue
        else:
            await client.close()
            sender.no_link()
            wait = 1000
        await asyncio.sleep(min(wait, 1000) / 1000)


def _retry_after_ms(headers):
    try:
        return min(max(0, int(headers.get("retry-after", "0"))) * 1000, _LONGEST_RETRY_AFTER_MS)
    except ValueError:
        return 0
