"""The spool keeps every flushed row through power cuts, and loses nothing without counting it."""

import os
import unittest

import workbench
from node import compat, segment, spool

METRICS = ["temperature", "gas"]
DIGITS = [1, 0]
EPOCHS = ["%016x" % (0xA0 + i) for i in range(100)]


def row(i):
    return (1000 * i, i, -i)


class SpoolCase(unittest.TestCase):
    def setUp(self):
        self.folder = workbench.folder()
        self.starts = 0

    def start(self, **limits):
        """A start of the node: a new epoch in the same folder."""
        given = dict(workbench.LIMITS)
        given.update(limits)
        self.starts += 1
        return spool.Spool(self.folder, EPOCHS[self.starts], METRICS, DIGITS, given)

    def fill(self, ring, first, count, flush=True):
        for i in range(first, first + count):
            ring.add(i, row(i))
            ring.flush_if_due(1000 * i)
        if flush:
            ring.flush(1000 * (first + count))

    def take_all(self, ring, count=100):
        """Everything the ring gives, acknowledged: [(epoch, row number, row)]."""
        taken = []
        while True:
            batch = ring.next_batch(count)
            if batch is None:
                return taken
            taken += [(batch.epoch, batch.first + i, item) for i, item in enumerate(batch.rows)]
            ring.forget(batch, len(batch.rows))

    def files(self, suffix=segment.SUFFIX):
        return sorted([name for name in os.listdir(self.folder) if name.endswith(suffix)])


class Keeping(SpoolCase):
    def test_rows_come_out_oldest_first_whether_written_or_not(self):
        ring = self.start()
        self.fill(ring, 0, 1234, flush=False)
        self.assertEqual(ring.waiting(), 1234)
        expected = [(EPOCHS[1], i, row(i)) for i in range(1234)]
        self.assertEqual(self.take_all(ring), expected)
        self.assertEqual(ring.waiting(), 0)
        self.assertEqual(self.files(), [])

    def test_the_flash_is_not_touched_while_rows_are_acknowledged_in_time(self):
        ring = self.start()
        for i in range(500):
            ring.add(i, row(i))
            ring.flush_if_due(1000 * i)
            if i % 5 == 4:
                self.assertEqual(len(self.take_all(ring)), 5)
            self.assertEqual(self.files(), [])

    def test_rows_are_written_after_ten_or_after_ten_seconds(self):
        ring = self.start()
        self.fill(ring, 0, 9, flush=False)
        self.assertEqual(self.files(), [])
        self.fill(ring, 9, 1, flush=False)
        self.assertEqual(len(self.files()), 1)
        ring.add(10, row(10))
        size = compat.size(self.folder + "/" + self.files()[0])
        ring.flush_if_due(row(10)[0] + 9999)
        self.assertEqual(compat.size(self.folder + "/" + self.files()[0]), size)
        ring.flush_if_due(row(10)[0] + 10000)
        self.assertLess(size, compat.size(self.folder + "/" + self.files()[0]))

    def test_only_whole_acknowledged_segments_are_deleted(self):
        ring = self.start(segment_bytes=400)
        self.fill(ring, 0, 100)
        files = self.files()
        self.assertLess(3, len(files))
        batch = ring.next_batch(1000)
        ring.forget(batch, len(batch.rows) - 1)
        self.assertEqual(self.files(), files)
        batch = ring.next_batch(1000)
        self.assertEqual(len(batch.rows), 1)
        ring.forget(batch, 1)
        self.assertEqual(self.files(), files[1:])

    def test_an_acknowledgement_that_arrives_after_the_rows_were_written_deletes_them(self):
        ring = self.start()
        self.fill(ring, 0, 5, flush=False)
        batch = ring.next_batch(100)
        self.fill(ring, 5, 5)  # written while the batch is on its way
        ring.forget(batch, 5)
        self.assertEqual(ring.waiting(), 5)
        self.assertEqual([number for _, number, _ in self.take_all(ring)], [5, 6, 7, 8, 9])

    def test_a_jump_in_the_numbers_is_kept(self):
        ring = self.start()
        self.fill(ring, 0, 10)
        self.fill(ring, 20, 10)
        numbers = [number for _, number, _ in self.take_all(ring)]
        self.assertEqual(numbers, list(range(10)) + list(range(20, 30)))

    def test_a_batch_that_was_not_acknowledged_comes_again(self):
        ring = self.start()
        self.fill(ring, 0, 25)
        first = ring.next_batch(10)
        again = ring.next_batch(10)
        self.assertEqual((first.first, list(first.rows)), (again.first, list(again.rows)))

    def test_72_hours_of_five_channels_every_ten_seconds_fit_the_default_ring(self):
        ring = spool.Spool(
            self.folder, EPOCHS[1], ["a", "b", "c", "d", "e"], [1] * 5, workbench.LIMITS
        )
        for i in range(25920):
            ring.add(i, (10000 * i, 1, 2, 3, 4, 5))
            if i % 10 == 9:
                ring.flush(10000 * i)
        self.assertEqual(ring.living.dropped, 0)
        self.assertEqual(ring.waiting(), 25920)


class Restarting(SpoolCase):
    def test_an_earlier_epoch_comes_first_with_its_base(self):
        ring = self.start()
        ring.learn(1764000000000)
        self.fill(ring, 0, 20)
        ring = self.start()
        self.fill(ring, 0, 3, flush=False)
        batch = ring.next_batch(100)
        self.assertEqual((batch.epoch, batch.boot, batch.base), (EPOCHS[1], 1, 1764000000000))
        self.assertFalse(batch.living)
        self.assertEqual(list(batch.rows), [row(i) for i in range(20)])
        ring.forget(batch, 20)
        batch = ring.next_batch(100)
        self.assertEqual((batch.epoch, batch.boot, batch.base), (EPOCHS[2], 2, None))
        self.assertTrue(batch.living)

    def test_an_epoch_that_never_learnt_the_time_has_no_base(self):
        self.fill(self.start(), 0, 20)
        self.assertIsNone(self.start().next_batch(100).base)

    def test_a_base_is_written_again_only_when_it_moved(self):
        ring = self.start()
        ring.learn(1764000000000)
        name = self.folder + "/" + self.files(".epoch")[0]
        os.remove(name)
        ring.learn(1764000000900)
        self.assertEqual(self.files(".epoch"), [])
        ring.learn(1764000002000)
        self.assertEqual(len(self.files(".epoch")), 1)

    def test_many_epochs_come_in_the_order_of_their_boots(self):
        for i in range(12):
            ring = self.start()
            ring.learn(1764000000000 + i)
            self.fill(ring, 0, 10 + i)
        ring = self.start()
        expected = [(EPOCHS[1 + i], n, row(n)) for i in range(12) for n in range(10 + i)]
        self.assertEqual(self.take_all(ring), expected)
        self.assertEqual(self.files(""), ["boot"])

    def test_epochs_without_rows_leave_nothing_behind(self):
        for _ in range(5):
            self.start().learn(1764000000000)
        self.assertIsNone(self.start().next_batch(10))
        self.assertEqual(self.files(""), ["boot"])

    def test_rows_of_other_metrics_from_before_an_update_keep_their_names(self):
        self.fill(self.start(), 0, 10)
        ring = spool.Spool(self.folder, EPOCHS[9], ["pressure"], [3], workbench.LIMITS)
        batch = ring.next_batch(10)
        self.assertEqual((batch.metrics, batch.digits), (METRICS, DIGITS))

    def test_the_boot_counter_grows_even_when_its_file_is_lost_or_spoilt(self):
        self.fill(self.start(), 0, 10)
        self.assertEqual(self.start().boot, 2)
        self.fill(self.start(), 0, 10)
        os.remove(self.folder + "/boot")
        self.assertEqual(self.start().boot, 4)
        with open(self.folder + "/boot", "w") as file:
            file.write("x")
        self.assertEqual(self.start().boot, 4)  # as high as the rows in flash need it

    def test_what_a_power_cut_left_half_made_is_deleted(self):
        for name in ("/boot.new", "/00000001-%s.epoch.new" % EPOCHS[1]):
            with open(self.folder + name, "w") as file:
                file.write("7")
        self.assertEqual(self.start().boot, 1)
        self.assertEqual(self.files(""), ["boot"])

    def test_files_of_others_are_left_alone(self):
        for name in ("notes.txt", "x.seg", "a-b-c.seg", "1-2.epoch", "zz-1.epoch"):
            with open(self.folder + "/" + name, "w") as file:
                file.write("mine")
        ring = self.start()
        self.fill(ring, 0, 10)
        self.assertEqual(len(self.take_all(ring)), 10)
        self.assertIn("notes.txt", self.files(""))
        self.assertIn("x.seg", self.files(""))


class Damage(SpoolCase):
    def test_a_cut_at_any_byte_of_the_last_records_keeps_all_before(self):
        ring = self.start()
        self.fill(ring, 0, 30)
        name = self.folder + "/" + self.files()[0]
        whole = workbench.read(name, "rb")
        size = len(segment.encode(0, row(0)))
        for cut in range(len(whole) - 3 * size, len(whole) + 1):
            with open(name, "wb") as file:
                file.write(whole[:cut])
            rows = (cut - (len(whole) - 30 * size)) // size
            taken = []
            ring = self.start()
            batch = ring.next_batch(100)
            taken = list(batch.rows)
            self.assertEqual(taken, [row(i) for i in range(rows)])
            self.assertEqual(ring.living.dropped, 0)

    def test_a_cut_within_the_header_leaves_an_empty_ring(self):
        self.fill(self.start(), 0, 10)
        name = self.folder + "/" + self.files()[0]
        whole = workbench.read(name, "rb")
        for cut in range(len(whole) - 10 * len(segment.encode(0, row(0))) + 1):
            with open(name, "wb") as file:
                file.write(whole[:cut])
            self.assertIsNone(self.start().next_batch(10))
            self.assertEqual(self.files(), [])

    def test_any_flipped_bit_ends_the_segment_before_its_record_and_the_rest_is_counted(self):
        ring = self.start()
        self.fill(ring, 0, 10)
        name = self.folder + "/" + self.files()[0]
        whole = workbench.read(name, "rb")
        size = len(segment.encode(0, row(0)))
        start = len(whole) - 10 * size
        for at in range(start + 5 * size, start + 6 * size):
            for entry in os.listdir(self.folder):
                os.remove(self.folder + "/" + entry)
            with open(name, "wb") as file:
                file.write(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
            ring = self.start()
            batch = ring.next_batch(100)
            self.assertEqual(list(batch.rows), [row(i) for i in range(5)])
            ring.forget(batch, 5)
            report = ring.next_batch(100)
            self.assertEqual((len(report.rows), report.dropped, report.first), (0, 5, 10))
            ring.forget(report, 0)
            self.assertIsNone(ring.next_batch(100))

    def test_a_segment_with_another_number_in_its_name_is_not_believed(self):
        self.fill(self.start(), 0, 10)
        name = self.files()[0]
        os.rename(
            self.folder + "/" + name, self.folder + "/" + name.replace("0000000000.", "0000000007.")
        )
        ring = self.start()
        self.assertEqual(len(ring.next_batch(100).rows), 0)

    def refuse_some(self, ring, draw):
        """Sets a part of the oldest batch aside and returns which rows."""
        batch = ring.next_batch(1 + draw(30))
        if batch is None:
            return []
        count = 1 + draw(len(batch.rows))
        self.assertTrue(ring.set_aside(batch, count))
        return [(batch.epoch, batch.first + i) for i in range(count)]

    def test_random_days_with_power_cuts_lose_nothing_that_was_written(self):
        draw = Draw(7)
        written = []  # (epoch, number) in flash, not acknowledged
        for _ in range(60):
            ring = self.start(segment_bytes=500, max_bytes=10000000, memory_rows=1000)
            fresh = []
            number = 0
            for _ in range(draw(40)):
                action = draw(5)
                if action < 2:
                    for _ in range(draw(15)):
                        ring.add(number, row(number))
                        fresh.append((ring.living.epoch, number))
                        number += 1
                elif action == 2:
                    ring.flush(0)
                    written += fresh
                    fresh = []
                elif action == 3:
                    moved = self.refuse_some(ring, draw)
                    written += [key for key in fresh if key in moved]
                    fresh = [key for key in fresh if key not in moved]
                else:
                    batch = ring.next_batch(1 + draw(30))
                    if batch is not None:
                        count = draw(len(batch.rows) + 1)
                        for i, item in enumerate(batch.rows):
                            self.assertEqual(item, row(batch.first + i))
                        ring.forget(batch, count)
                        gone = [(batch.epoch, batch.first + i) for i in range(count)]
                        written = [key for key in written if key not in gone]
                        fresh = [key for key in fresh if key not in gone]
                # Acknowledged rows of a segment that is not whole yet come again after a restart.
                kept = ring.waiting() + ring.refused()
                self.assertLessEqual(len(written) + len(fresh), kept)
            # A power cut: what is in memory is gone, what is in flash must be there.
            if draw(3) == 0:
                ring = self.start(segment_bytes=500, max_bytes=10000000, memory_rows=1000)
                found = [(epoch, i) for epoch, i, _ in self.take_all(ring, 17)]
                self.assertEqual([key for key in written if key not in found], [])
                self.assertEqual(ring.waiting(), 0)
                written = []


class Full(SpoolCase):
    def test_the_oldest_rows_go_first_and_are_counted(self):
        ring = self.start(max_bytes=65536, segment_bytes=4096)
        self.fill(ring, 0, 10000)
        dropped = ring.living.dropped
        self.assertLess(0, dropped)
        self.assertEqual(ring.waiting(), 10000 - dropped)
        batch = ring.next_batch(10)
        self.assertEqual((batch.first, batch.dropped), (dropped, dropped))
        taken = [compat.size(self.folder + "/" + name) for name in self.files()]
        self.assertLessEqual(sum([segment.blocks(size) for size in taken]), 65536)
        self.assertEqual([n for _, n, _ in self.take_all(ring)], list(range(dropped, 10000)))

    def test_the_count_of_dropped_rows_survives_a_restart(self):
        ring = self.start(max_bytes=65536, segment_bytes=4096)
        self.fill(ring, 0, 10000)
        dropped = ring.living.dropped
        ring = self.start(max_bytes=65536, segment_bytes=4096)
        self.assertEqual(ring.next_batch(10).dropped, dropped)

    def test_an_epoch_of_which_nothing_is_left_is_still_reported_once(self):
        self.fill(self.start(max_bytes=65536, segment_bytes=4096), 0, 500)
        ring = self.start(max_bytes=65536, segment_bytes=4096)
        self.fill(ring, 0, 10000)
        report = ring.next_batch(10)
        self.assertEqual(
            (report.epoch, report.first, report.rows, report.dropped), (EPOCHS[1], 500, [], 500)
        )
        ring = self.start(max_bytes=65536, segment_bytes=4096)  # not acknowledged: told again
        report = ring.next_batch(10)
        self.assertEqual((report.epoch, report.dropped), (EPOCHS[1], 500))
        ring.forget(report, 0)
        self.assertEqual(ring.next_batch(10).epoch, EPOCHS[2])

    def test_rows_acknowledged_before_they_were_dropped_are_not_counted(self):
        ring = self.start(max_bytes=65536, segment_bytes=4096)
        self.fill(ring, 0, 100)
        ring.forget(ring.next_batch(70), 70)
        self.fill(ring, 100, 5000)
        self.assertEqual(ring.living.dropped + ring.waiting(), 5100 - 70)

    def test_a_flash_that_takes_nothing_bounds_the_memory_and_counts(self):
        ring = self.start()
        ring._folder = self.folder + "/gone"
        self.fill(ring, 0, 200)
        self.assertEqual((ring.waiting(), ring.living.dropped), (60, 140))
        ring._folder = self.folder
        ring.flush(0)
        self.assertEqual([n for _, n, _ in self.take_all(ring)], list(range(140, 200)))


class Draw:
    """Numbers that look random and are the same on both interpreters."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self, below):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 8) % below if below else 0
