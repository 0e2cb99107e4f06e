"""Delivery: what the node does with every answer; what is not acknowledged is not forgotten."""

import asyncio
import json
import os
import unittest

import workbench
from node import net, spool, uplink

EPOCH = "9f3c2a7151e0b6d4"
LIMITS = {"send_ms": 10000, "batch_rows": 100, "body_bytes": 32768}


class SlowClient:
    """A connection that takes three seconds until it stands."""

    def __init__(self, uptime):
        self.uptime = uptime

    async def request(self, method, path, make_body):
        self.uptime.ms += 3000
        self.message = json.loads(bytes(make_body()))
        return 503, {}, b""


class NoClock:
    def learn(self, now):
        self.now = now


class Sending(unittest.TestCase):
    def setUp(self):
        self.uptime = workbench.Clock(1000000)
        self.folder = workbench.folder()
        self.start(10)

    def start(self, first, draw=0.5, limits=LIMITS):
        self.ring = spool.Spool(self.folder, EPOCH, ["temperature"], [1], workbench.LIMITS)
        self.clock = NoClock()
        self.sender = uplink.Sender(
            self.ring,
            self.clock,
            self.uptime,
            lambda: draw,
            lambda: [("queue", self.ring.waiting())],
            limits,
        )
        self.number = first

    def add(self, count):
        for _ in range(count):
            self.ring.add(self.number, (self.uptime.ms, self.number))
            self.number += 1

    def send(self):
        """Waits until it is time and returns the message."""
        self.uptime.ms += self.sender.wait_ms()
        return json.loads(bytes(self.sender.body())) if self.sender.ready() else None

    def answer(self, status, body=b"", headers=None):
        self.sender.answered(status, headers or {}, body)

    def accept(self, message):
        first, count = message["first"], len(message["rows"])
        answer = {"ack": [[message["epoch"], first, first + count - 1]], "now": 1764000000456}
        self.answer(200, json.dumps(answer).encode())


class Answers(Sending):
    def test_every_golden_answer_has_its_effect(self):
        cases = workbench.vectors("answers.json")
        for case in cases:
            for name in os.listdir(self.folder):
                os.remove(self.folder + "/" + name)
            self.start(case["sent"]["first"])
            self.add(case["sent"]["rows"])
            message = self.send()
            self.assertEqual((message["first"], len(message["rows"])), (10, 8), case["name"])
            self.answer(case["status"], case["body"].encode(), case["headers"])
            self.check(case["name"], case["expect"])
        self.assertTrue(len(cases) > 25)

    def check(self, name, expect):
        forgotten = expect.get("rows", 0) if expect["action"] == "forget" else 0
        self.assertEqual(self.ring.waiting(), 8 - forgotten, name)
        if "now" in expect:
            self.assertEqual(self.ring.living.base, expect["now"] - self.uptime.ms, name)
            self.assertEqual(self.clock.now, expect["now"], name)
        else:
            self.assertTrue(self.ring.living.base is None, name)
        if "config" in expect:
            self.assertEqual(self.sender.offered.config, expect["config"])
            self.assertEqual(self.sender.offered.firmware, expect["firmware"])
        wait = self.sender.wait_ms()
        self.assertLessEqual(expect.get("wait_at_least_ms", 0), wait, name)
        self.assertLessEqual(wait, expect.get("wait_at_most_ms", 3960000), name)
        if expect["action"] != "forget":
            self.assertLessEqual(500, wait, name)
        again = self.send()
        if forgotten == 8:
            self.assertIsNone(again)
            return
        self.assertEqual(again["first"], 10 + forgotten, name)
        self.assertEqual(
            len(again["rows"]), 4 if expect["action"] == "halve" else 8 - forgotten, name
        )
        # Nine more of the same: only a refusal sets the batch aside.
        self.assertEqual(self.ring.refused(), 0, name)

    def test_the_tenth_refusal_in_a_row_sets_the_batch_aside_and_reports_it(self):
        for status in (400, 422):
            self.start(0)
            self.add(5)
            for _ in range(10):
                self.assertEqual(self.ring.refused(), 0)
                message = self.send()
                self.assertEqual(len(message["rows"]), 5)
                self.answer(status, b'{"title":"no"}')
            self.assertEqual(self.ring.refused(), 5)
            self.assertEqual(self.ring.waiting(), 0)
            name = [name for name in os.listdir(self.folder) if name.endswith(".refused")][0]
            self.start(0)  # the next start tries it once more
            self.assertEqual(self.send()["rows"], message["rows"])
            self.answer(status, b'{"title":"no"}')
            self.assertEqual((self.ring.refused(), self.ring.waiting()), (5, 0))
            self.assertEqual(self.sender.wait_ms(), 0)
            os.remove(self.folder + "/" + name)

    def test_no_other_answer_however_often_sets_a_batch_aside(self):
        for status in (401, 403, 404, 415, 429, 500, 503, 302):
            self.start(0)
            self.add(5)
            for _ in range(25):
                self.assertEqual(len(self.send()["rows"]), 5)
                self.answer(status)
            self.assertEqual((self.ring.refused(), self.ring.waiting()), (0, 5))

    def test_a_success_in_between_starts_the_count_of_refusals_anew(self):
        self.add(5)
        for _ in range(9):
            self.send()
            self.answer(422)
        self.send()
        self.answer(200, json.dumps({"ack": [[EPOCH, 10, 11]], "now": 1}).encode())
        for _ in range(9):
            self.send()
            self.answer(422)
        self.assertEqual((self.ring.refused(), self.ring.waiting()), (0, 3))

    def test_too_large_halves_down_to_one_row_and_grows_back(self):
        self.add(60)
        sizes = []
        for _ in range(7):
            sizes.append(len(self.send()["rows"]))
            self.answer(413)
        self.assertEqual(sizes, [60, 30, 15, 8, 4, 2, 1])
        for _ in range(6):
            message = self.send()
            sizes.append(len(message["rows"]))
            self.accept(message)
        self.assertEqual(sizes[7:], [1, 2, 4, 8, 16, 29])

    def test_a_single_row_that_is_too_large_ends_in_a_side_file(self):
        self.add(1)
        for _ in range(10):
            self.send()
            self.answer(413)
        self.assertEqual((self.ring.refused(), self.ring.waiting()), (1, 0))


class Delivery(Sending):
    def test_a_lost_answer_sends_the_same_rows_again(self):
        self.add(5)
        first = self.send()
        self.sender.failed(OSError("no answer within 20 s"))
        again = self.send()
        self.assertEqual((first["first"], first["rows"]), (again["first"], again["rows"]))
        self.assertLess(first["sent_up"], again["sent_up"])

    def test_a_kept_connection_that_was_closed_is_tried_again_at_once(self):
        self.add(5)
        self.send()
        self.sender.failed(net.Stale("closed"))
        self.assertEqual(self.sender.wait_ms(), 0)

    def test_waits_double_to_a_minute_with_jitter_and_a_success_ends_them(self):
        for draw, low, high in ((0, 500, 30000), (0.999, 999, 59969)):
            self.start(0, draw)
            self.add(5)
            waits = []
            for _ in range(12):
                self.send()
                self.sender.failed(OSError("refused"))
                waits.append(self.sender.wait_ms())
            self.assertLessEqual(abs(waits[0] - low), 1)
            self.assertLessEqual(abs(waits[-1] - high), 5)
            self.assertEqual(sorted(waits), waits)
            self.accept(self.send())
            self.assertEqual(self.sender.wait_ms(), 10000)
            self.add(1)
            self.send()
            self.sender.failed(OSError("refused"))
            self.assertEqual(self.sender.wait_ms(), waits[0])

    def test_a_backlog_goes_out_without_pause_and_then_the_interval_holds(self):
        for _ in range(30):
            self.add(10)
            self.ring.flush(self.uptime.ms)
        started = self.uptime.ms + self.sender.wait_ms()
        seen = []
        while True:
            message = self.send()
            if message is None:
                break
            seen += [row[1] for row in message["rows"]]
            last = self.uptime.ms
            self.accept(message)
        self.assertEqual(seen, [(10 + i) / 10 for i in range(300)])
        self.assertEqual(last, started)

    def test_it_catches_up_while_rows_keep_coming_and_segments_are_small(self):
        for _ in range(40):
            self.add(10)
            self.ring._writing = None  # one small file each
            self.ring.flush(self.uptime.ms)
        while self.ring.waiting() > 20:
            before = self.ring.waiting()
            self.accept(self.send())
            self.add(5)
            self.assertLess(self.ring.waiting(), before)

    def test_the_message_carries_base_only_once_it_is_known_and_health_always(self):
        self.add(1)
        message = self.send()
        self.assertIsNone(message["base"])
        self.assertEqual(message["health"], {"queue": 1})
        self.assertEqual((message["boot"], message["sent_up"]), (1, self.uptime.ms))
        self.accept(message)
        base = 1764000000456 - self.uptime.ms
        self.add(1)
        self.assertEqual(self.send()["base"], base)

    def test_rows_of_an_earlier_start_go_first_without_a_sending_time(self):
        self.add(30)
        message = self.send()
        self.accept(message)
        self.add(3)
        self.ring.flush(self.uptime.ms)
        base = self.ring.living.base
        folder, epoch = self.folder, self.ring.living.epoch
        self.ring = spool.Spool(folder, "00000000000000b2", ["temperature"], [1], workbench.LIMITS)
        self.sender = uplink.Sender(self.ring, NoClock(), self.uptime, lambda: 0.5, list, LIMITS)
        self.number = 0
        self.add(2)
        old, new = self.send(), None
        self.assertEqual((old["epoch"], old["sent_up"], old["base"]), (epoch, None, base))
        self.accept(old)
        new = self.send()
        self.assertEqual(
            (new["epoch"], new["sent_up"], new["base"]),
            ("00000000000000b2", self.uptime.ms, 1764000000456 - self.uptime.ms),
        )

    def test_an_empty_report_of_lost_rows_is_acknowledged_by_any_200(self):
        ring = spool.Spool(self.folder, EPOCH, ["temperature"], [1], workbench.LIMITS)
        ring.living.dropped, ring.living.next = 5, 5
        ring.living.save(self.folder)
        self.start(0)
        message = self.send()
        self.assertEqual((message["rows"], message["dropped"], message["first"]), ([], 5, 5))
        self.answer(200, b'{"ack":[],"now":1}')
        self.assertIsNone(self.send())

    def test_the_moment_of_sending_is_after_the_handshake(self):
        self.add(1)
        self.uptime.ms += 10000
        client = SlowClient(self.uptime)
        asyncio.run(uplink.exchange(client, self.sender))
        self.assertEqual(client.message["sent_up"], self.uptime.ms)
        self.assertEqual(self.ring.waiting(), 1)

    def test_no_link_is_a_state_of_its_own(self):
        self.sender.no_link()
        self.assertEqual(self.sender.state, uplink.NO_LINK)
