"""The HTTPS client against a real TLS server: whom it trusts, and what it makes of odd answers."""

import asyncio
import json
import unittest

import workbench
from node import net


class Talking(unittest.TestCase):
    def setUp(self):
        self.server = workbench.server()

    def client(self, listener="good", ca="ca.pem", name=None, timeout_s=5):
        server = self.server
        pem = workbench.read(server["folder"] + "/" + ca)
        port = server["ports"][listener]
        return net.Client("127.0.0.1", port, name or server["name"], pem, server["key"], timeout_s)

    def run_with(self, client, work):
        async def bounded():
            try:
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(bounded())

    def seen(self):
        async def ask(client):
            return json.loads((await client.request("GET", "/seen", bytes))[2])

        return self.run_with(self.client(), ask)


class Trust(Talking):
    def test_the_plant_ca_and_name_are_trusted_though_an_address_is_connected(self):
        async def ask(client):
            return await client.request("POST", "/echo", lambda: b"x" * 30000)

        status, _, body = self.run_with(self.client(), ask)
        echo = json.loads(body)
        self.assertEqual((status, echo["method"], echo["length"]), (200, "POST", 30000))
        self.assertEqual(echo["headers"]["authorization"], "Bearer " + self.server["key"])

    def test_any_certificate_of_the_ca_file_is_trusted(self):
        async def ask(client):
            return (await client.request("POST", "/echo", bytes))[0]

        self.assertEqual(self.run_with(self.client(ca="both.pem"), ask), 200)

    def refused(self, listener, *words, **options):
        before = self.seen()[listener]

        async def ask(client):
            await client.request("POST", "/ingest", lambda: b"secret")

        with self.assertRaises(OSError) as caught:
            self.run_with(self.client(listener, **options), ask)
        text = str(caught.exception).lower()
        self.assertTrue(any(word in text for word in words), text)
        after = self.seen()[listener]
        # The question itself is one request more on the good listener.
        self.assertEqual(after - before, 1 if listener == "good" else 0)

    def test_another_ca_is_refused_and_nothing_is_sent(self):
        self.refused("wrong_ca", "issuer", "trusted ca")

    def test_another_name_is_refused_and_nothing_is_sent(self):
        self.refused("wrong_name", "hostname", "expected cn")

    def test_an_expired_certificate_is_refused_and_nothing_is_sent(self):
        self.refused("expired", "expired")

    def test_the_right_server_under_another_name_is_refused_and_nothing_is_sent(self):
        self.refused("good", "hostname", "expected cn", name="plant.example")

    def test_a_file_without_a_certificate_is_refused_at_the_start(self):
        with self.assertRaises(ValueError):
            net.Client("127.0.0.1", 1, "x", "no certificate", "csk_x")


class Answers(Talking):
    def ask(self, path, times=1, timeout_s=5):
        async def ask(client):
            for _ in range(times):
                answer = await client.request("POST", path, lambda: b"{}")
            return answer

        return self.run_with(self.client(timeout_s=timeout_s), ask)

    def test_one_connection_serves_many_requests(self):
        before = self.seen()["connections"]
        self.ask("/echo", times=20)
        self.assertEqual(self.seen()["connections"] - before, 2)  # the twenty, and this question

    def test_an_error_status_is_an_answer_with_its_headers(self):
        status, headers, body = self.ask("/503-17", times=2)
        self.assertEqual((status, headers["retry-after"]), (503, "17"))
        self.assertEqual(json.loads(body), {"title": "as told"})

    def test_chunks_are_put_together_and_interim_answers_passed_over(self):
        self.assertEqual(self.ask("/chunked", times=2)[2], b'{"a":1}')
        self.assertEqual(self.ask("/interim", times=2)[2], b'{"a":1}')

    def test_after_connection_close_the_next_request_opens_a_new_one(self):
        self.assertEqual(self.ask("/close", times=3)[0], 200)

    def test_odd_answers_are_failures_of_the_network(self):
        for path in ("/garbage", "/huge", "/endless-header", "/bad-length", "/hang-up"):
            with self.assertRaises(OSError):
                self.ask(path)

    def test_a_silent_server_is_given_up_in_time(self):
        for path in ("/silent", "/cut"):
            with self.assertRaises(OSError) as caught:
                self.ask(path, timeout_s=1)
            self.assertIn("1 s", str(caught.exception))

    def test_a_port_nobody_listens_on_is_a_failure(self):
        async def ask(client):
            await client.request("GET", "/", bytes)

        self.server["ports"]["good"] = 1
        with self.assertRaises(OSError):
            self.run_with(self.client(), ask)

    def test_a_failed_request_closes_and_the_next_one_works(self):
        async def ask(client):
            try:
                await client.request("POST", "/garbage", lambda: b"{}")
            except OSError:
                pass
            return (await client.request("POST", "/echo", lambda: b"{}"))[0]

        self.assertEqual(self.run_with(self.client(), ask), 200)

    def test_the_body_is_made_when_the_other_side_is_trusted_and_not_before(self):
        made = []

        async def ask(client):
            await client.request("POST", "/echo", lambda: made.append(1) or b"{}")

        self.run_with(self.client(), ask)
        self.assertEqual(made, [1])
        with self.assertRaises(OSError):
            self.run_with(self.client("wrong_ca"), ask)
        self.assertEqual(made, [1])

    def test_a_kept_connection_closed_by_the_server_is_told_as_stale(self):
        async def ask(client):
            await client.request("POST", "/echo", lambda: b"{}")
            await client.request("POST", "/hang-up", lambda: b"{}")

        with self.assertRaises(net.Stale):
            self.run_with(self.client(), ask)
