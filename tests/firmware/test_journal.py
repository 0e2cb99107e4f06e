"""What the node tells of itself is bounded, and kept until it was told."""

import json
import unittest

import workbench
from node import journal


class Telling(unittest.TestCase):
    def setUp(self):
        self.uptime = workbench.Clock(5)
        self.journal = journal.Journal(self.uptime)

    def events(self):
        message = json.loads(self.journal.body([("v", 1), ("done", [3])]))
        self.assertEqual((message["v"], message["done"]), (1, [3]))
        return message["events"]

    def test_an_event_carries_its_uptime(self):
        self.journal.note("wifi", 'joined "plant"')
        self.assertEqual(self.events(), [{"up": 5, "what": "wifi", "detail": 'joined "plant"'}])

    def test_the_same_right_after_is_one(self):
        for _ in range(3):
            self.journal.note("refused", "status 503")
        self.assertEqual(len(self.events()), 1)

    def test_what_comes_while_it_is_told_stays(self):
        self.journal.note("reset", "power")
        self.events()
        self.journal.note("wifi", "joined")
        self.journal.forget()
        self.assertEqual([event["what"] for event in self.events()], ["wifi"])

    def test_the_oldest_go_first_even_while_they_are_told(self):
        for number in range(30):
            self.journal.note("sensor", number)
        self.assertEqual([event["detail"] for event in self.events()][::23], ["6", "29"])
        self.journal.note("sensor", 30)
        self.journal.forget()
        self.assertEqual([event["detail"] for event in self.events()], ["30"])

    def test_a_message_is_never_more_than_the_appliance_takes(self):
        for number in range(24):
            self.journal.note("quarantine", "%d %s" % (number, '"' * 300))
        told = 0
        while self.journal.waits():
            body = self.journal.body([("v", 1), ("done", list(range(50)))])
            self.assertLess(len(body), 4096)
            told += len(json.loads(body)["events"])
            self.journal.forget()
        self.assertEqual(told, 24)

    def test_a_detail_is_short_printable_ascii(self):
        self.journal.note("sensor", "x\n\0\u00fc" + "y" * 300)
        (event,) = self.events()
        self.assertEqual(event["detail"], "x???" + "y" * 116)
