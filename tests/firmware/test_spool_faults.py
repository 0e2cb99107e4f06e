"""A flash that fails, and rows the appliance refuses: neither stops the rest nor is it silent."""

import os

import workbench
from node import compat, epochs, segment, spool
from test_spool import DIGITS, EPOCHS, METRICS, SpoolCase, row

RECORD = len(segment.encode(0, row(0)))
HEADER = len(segment.new(1, EPOCHS[1], 0, METRICS, DIGITS)[1])
SMALL = {"max_bytes": 65536, "segment_bytes": 4096}


class FaultCase(SpoolCase):
    def numbers(self, ring):
        return [number for _, number, _ in self.take_all(ring)]

    def clear(self):
        for name in os.listdir(self.folder):
            os.remove(self.folder + "/" + name)
        self.starts = 0

    def filled(self, *counts):
        """A restart after a life of so many rows in a segment each."""
        ring = self.start()
        first = 0
        for count in counts:
            self.fill(ring, first, count, flush=False)
            ring.flush(0)
            ring._writing = None
            first += count
        return self.start()


class FailedWrites(FaultCase):
    def test_a_first_write_that_fails_at_any_byte_is_made_again_whole(self):
        for errno in (5, 28):
            for takes in range(0, HEADER + 3 * RECORD, 7):
                self.clear()
                ring = self.start()
                with workbench.BadFlash(segment, takes, errno=errno):
                    self.fill(ring, 0, 3)
                self.assertEqual(self.files(), [])
                self.assertEqual(ring.waiting(), 3)
                self.fill(ring, 3, 2)
                self.assertEqual(self.numbers(self.start()), [0, 1, 2, 3, 4], takes)
                self.assertEqual(ring.living.dropped, 0)

    def test_a_first_write_that_fails_leaves_nothing_when_its_rows_are_acknowledged(self):
        ring = self.start()
        with workbench.BadFlash(segment, HEADER + 2 * RECORD):
            self.fill(ring, 0, 3)
        self.assertEqual(self.numbers(ring), [0, 1, 2])
        self.assertEqual(self.files(), [])

    def test_an_addition_that_fails_at_any_byte_goes_to_a_new_segment(self):
        for takes in range(0, 3 * RECORD, 7):
            self.clear()
            ring = self.start()
            self.fill(ring, 0, 10)
            with workbench.BadFlash(segment, takes):
                self.fill(ring, 10, 3)
            self.fill(ring, 13, 2)
            self.assertEqual(len(self.files()), 2)
            restarted = self.start()
            self.assertEqual(restarted.waiting(), 15, takes)
            self.assertEqual(self.numbers(restarted), list(range(15)))
            self.assertEqual(self.files(""), ["boot"])  # nothing is counted as lost

    def test_what_lies_whole_in_the_next_segment_is_not_counted_when_the_ring_drops_the_torn(self):
        ring = self.start(**SMALL)
        self.fill(ring, 0, 10)
        with workbench.BadFlash(segment, 3 * RECORD - 1):
            self.fill(ring, 10, 5)
        self.fill(ring, 15, 5)
        ring = self.start(**SMALL)
        number = 0
        while len([name for name in self.files() if EPOCHS[1] in name]) == 2:
            self.fill(ring, number, 10)
            number += 10
        batch = ring.next_batch(100)
        self.assertEqual((batch.epoch, batch.first, batch.dropped), (EPOCHS[1], 10, 10))


class FailedReads(FaultCase):
    def given_up(self, ring):
        """How often reading fails until the spool gives up, and what comes then."""
        failures = 0
        while failures < 20:
            try:
                return failures, ring.next_batch(100)
            except OSError:
                failures += 1
        return failures, None

    def test_a_segment_that_cannot_be_read_is_given_up_and_counted(self):
        ring = self.filled(10, 5)
        with workbench.BadFlash(segment, unreadable=self.files()[:1]):
            failures, batch = self.given_up(ring)
        self.assertEqual((failures, batch.first, batch.dropped), (4, 10, 10))
        self.assertEqual(list(batch.rows), [row(i) for i in range(10, 15)])
        self.assertEqual(len(self.files()), 1)

    def test_a_segment_that_can_be_read_in_the_end_is_kept(self):
        ring = self.filled(10, 5)
        for _ in range(3):
            with workbench.BadFlash(segment, unreadable=self.files()[:1]):
                for _ in range(4):
                    with self.assertRaises(OSError):
                        ring.next_batch(100)
            self.assertEqual(len(ring.next_batch(100).rows), 10)
        self.assertEqual(self.numbers(ring), list(range(15)))

    def test_the_node_starts_beside_a_segment_that_cannot_be_read_and_counts_it_by_its_size(self):
        self.filled(10, 5)
        with workbench.BadFlash(segment, unreadable=self.files()[:1]):
            ring = self.start()
            self.assertEqual((ring.boot, ring.waiting()), (3, 15))
            _, batch = self.given_up(ring)
        self.assertEqual((batch.first, batch.dropped, len(batch.rows)), (10, 10, 5))

    def test_a_segment_that_could_not_be_read_at_the_start_is_read_later(self):
        self.filled(10, 5)
        with workbench.BadFlash(segment, unreadable=self.files()):
            ring = self.start()
        self.assertEqual(self.numbers(ring), list(range(15)))

    def test_rows_of_other_metrics_are_not_misread_when_the_start_could_not_read_them(self):
        self.filled(10)
        with workbench.BadFlash(segment, unreadable=self.files()):
            ring = spool.Spool(self.folder, EPOCHS[9], ["pressure"], [3], workbench.LIMITS)
        waiting = ring.waiting()
        self.assertLess(9, waiting)
        batch = ring.next_batch(100)
        self.assertEqual((list(batch.rows), batch.dropped), ([], waiting))

    def test_the_node_starts_when_the_flash_refuses_the_boot_counter_and_a_deletion(self):
        self.filled(10)
        os.mkdir(self.folder + "/boot.new")
        ring = self.start()
        self.assertEqual(ring.boot, 3)
        self.assertEqual(self.numbers(ring), list(range(10)))


class SideFiles(FaultCase):
    def sizes(self, *suffixes):
        names = [name for suffix in suffixes for name in self.files(suffix)]
        return sum([segment.blocks(compat.size(self.folder + "/" + name)) for name in names])

    def refuse(self, ring, count=100):
        batch = ring.next_batch(count)
        self.assertTrue(ring.set_aside(batch, len(batch.rows)))

    def test_refused_rows_make_way_and_come_again_behind_what_waits_after_a_start(self):
        ring = self.start()
        ring.learn(1764000000000)
        self.fill(ring, 0, 30)
        self.refuse(ring, 10)
        self.assertEqual((ring.refused(), ring.waiting()), (10, 20))
        self.assertEqual(self.numbers(ring), list(range(10, 30)))
        ring = self.start()
        self.fill(ring, 0, 3, flush=False)
        batch = ring.next_batch(100)
        self.assertEqual((batch.epoch, batch.again, batch.living), (EPOCHS[1], True, False))
        self.assertEqual((batch.first, batch.base), (0, 1764000000000))
        self.assertEqual(list(batch.rows), [row(i) for i in range(10)])
        ring.forget(batch, 10)
        self.assertEqual(self.files(""), ["boot"])
        self.assertEqual(self.numbers(ring), [0, 1, 2])

    def test_what_waits_goes_before_what_was_refused(self):
        ring = self.start()
        self.fill(ring, 0, 30)
        self.refuse(ring, 10)
        self.refuse(ring, 10)
        ring = self.start()
        self.fill(ring, 0, 10)
        # The segment was not gone and so comes again as a whole; the rows are numbered.
        expected = list(range(30)) + list(range(20)) + list(range(10))
        self.assertEqual(self.numbers(ring), expected)
        self.assertEqual(self.files(""), ["boot"])

    def test_rows_refused_again_keep_their_file_until_the_next_start(self):
        self.fill(self.start(), 0, 30)
        for _ in range(3):
            ring = self.start()
            self.refuse(ring)
            names = self.files(".refused")
            self.assertEqual((len(names), ring.refused(), ring.waiting()), (1, 30, 0))
            self.assertIsNone(ring.next_batch(10))
        ring = self.start()
        ring.forget(ring.next_batch(20), 20)  # a part is taken
        self.refuse(ring)
        self.assertEqual((ring.refused(), ring.waiting()), (10, 0))
        self.assertEqual(self.numbers(self.start()), list(range(30)))

    def test_a_restart_before_the_segment_was_gone_loses_nothing(self):
        self.fill(self.start(), 0, 30)
        ring = self.start()
        self.refuse(ring, 20)
        ring = self.start()  # both files hold the first twenty
        self.refuse(ring, 10)
        self.assertEqual(self.numbers(ring), list(range(10, 30)))
        self.assertEqual(self.numbers(self.start()), list(range(10)))
        self.assertEqual(self.files(""), ["boot"])

    def test_a_side_file_the_flash_refuses_leaves_the_rows_where_they_are(self):
        ring = self.start()
        self.fill(ring, 0, 30)
        with workbench.BadFlash(segment, HEADER + RECORD, errno=28):
            self.assertFalse(ring.set_aside(ring.next_batch(10), 10))
        self.assertEqual((self.files(".refused"), ring.refused()), ([], 0))
        self.assertEqual(self.numbers(ring), list(range(30)))

    def test_the_oldest_side_file_makes_room_and_is_counted(self):
        ring = self.start(**SMALL)
        self.fill(ring, 0, 1000)
        for _ in range(20):
            self.refuse(ring, 10)
        self.assertEqual(len(self.files(".refused")), 4)  # a quarter
        self.assertEqual((ring.refused(), ring.living.dropped), (40, 160))
        self.assertEqual(ring.next_batch(10).dropped, 160)
        self.assertEqual(ring.waiting(), 800)
        self.fill(ring, 1000, 10000)
        self.assertEqual(ring.refused() + ring.waiting() + ring.living.dropped, 11000)
        self.assertLessEqual(self.sizes(".seg", ".refused"), 65536)
        ring = self.start(**SMALL)
        for _ in range(100):
            self.refuse(ring, 10)
        self.fill(ring, 0, 10000)
        self.assertLessEqual(self.sizes(".seg", ".refused"), 65536)

    def test_lost_rows_of_an_epoch_that_is_refused_as_a_whole_stay_counted(self):
        ring = self.start()
        ring.living.dropped = 500
        ring.living.save(self.folder)
        self.fill(ring, 500, 10)
        self.refuse(self.start())
        self.assertEqual(epochs.load(self.folder, 1, EPOCHS[1]).dropped, 500)
        self.assertEqual(self.start().next_batch(10).dropped, 500)
