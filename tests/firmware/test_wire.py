"""The node's messages, against the golden ones that the appliance's tests read too."""

import json
import unittest

import workbench
from node import wire

FLOATS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def batch_of(state):
    rows = []
    for row in state["rows"]:
        values = [FLOATS.get(value, value) for value in row[1:]]
        scaled = [wire.scale(value, digits) for value, digits in zip(values, state["digits"])]  # noqa: B905
        rows.append(tuple([row[0]] + scaled))
    batch = wire.Batch(
        state["epoch"], state["boot"], state["first"], rows, state["metrics"], state["digits"]
    )
    batch.living = state["sent_up"] is not None
    batch.base = state["base"]
    batch.dropped = state["dropped"]
    return batch


def encode(batch, sent_up, health, room=32768):
    buffer = bytearray(room)
    length, count = wire.encode(batch, sent_up, health, buffer)
    return bytes(buffer[:length]), count


class Encoding(unittest.TestCase):
    def test_every_golden_state_becomes_its_exact_body(self):
        cases = workbench.vectors("encoding.json")
        for case in cases:
            state = case["state"]
            body, count = encode(batch_of(state), state["sent_up"], state["health"])
            self.assertEqual(body.decode(), case["body"], case["name"])
            self.assertEqual(count, len(state["rows"]))
            json.loads(body)
        self.assertTrue(len(cases) > 5)

    def test_a_body_never_exceeds_its_limit_and_holds_as_many_rows_as_fit(self):
        rows = [(1000 * i, 123456 + i, wire.NULL) for i in range(2000)]
        batch = wire.Batch("00000000000000a1", 1, 0, rows, ["temperature", "gas"], [1, 2])
        for limit in list(range(400, 480)) + [4096, 32768]:
            body, count = encode(batch, 5, [("heap", 1)], limit)
            self.assertLessEqual(len(body), limit)
            self.assertLess(limit - len(body), 40)
            self.assertEqual(len(json.loads(body)["rows"]), count)

    def test_text_in_health_cannot_break_the_message(self):
        batch = wire.Batch("00000000000000a1", 1, 0, [(1, 2)], ["gas"], [1])
        body, _ = encode(batch, 5, [("reset", 'a"}],\n\\')])
        self.assertEqual(json.loads(body)["health"]["reset"], 'a"}],\n\\')

    def test_a_whole_number_and_a_boolean_are_scaled_too(self):
        self.assertEqual(wire.scale(1, 0), 1)
        self.assertEqual(wire.scale(True, 0), 1)
        self.assertEqual(wire.scale(-12, 2), -1200)


class Acknowledgement(unittest.TestCase):
    def test_only_what_is_covered_without_a_hole_counts(self):
        ack = [["a", 10, 12], ["b", 0, 99], ["a", 13, 13], ["a", 16, 20]]
        self.assertEqual(wire.acknowledged(ack, "a", 10, 8), 4)
        self.assertEqual(wire.acknowledged(ack, "a", 9, 8), 0)
        self.assertEqual(wire.acknowledged(ack, "a", 16, 2), 2)
        self.assertEqual(wire.acknowledged(ack, "c", 0, 2), 0)
        self.assertEqual(wire.acknowledged([["a", 12, 10]], "a", 10, 3), 0)

    def test_an_answer_that_is_none_raises(self):
        for body in (
            b"",
            b"x",
            b"[]",
            b"17",
            b"null",
            b'{"ack":{}}',
            b'{"ack":[1]}',
            b'{"ack":[["a",1]]}',
            b'{"ack":[["a",1,"2"]]}',
            b'{"ack":[["a",1.5,2]]}',
        ):
            with self.assertRaises(ValueError):
                wire.parse_answer(body)
