"""Keeps the rows that are not acknowledged: the newest in memory, the rest in segment files."""

import os

from . import compat, epochs, segment, wire

_NO_SPACE = 28
_READS = 5  # failed readings after which a segment is given up
_MOST_LOST = 32  # epochs of which nothing but a count is left to tell


class Spool:
    """A bounded ring in one folder of the flash, oldest rows first out.

    A row lives in memory until `flush_rows` are waiting or the oldest waits `flush_ms`; then it is
    written durably, unless it was acknowledged meanwhile, which spares the flash while all is well.
    A whole acknowledged segment is deleted. What is over `max_bytes` goes oldest first, counted.
    Refused rows lie in side files, at most a quarter of it, and wait again after the next start.
    """

    def __init__(self, folder, epoch, metrics, digits, limits):
        self._folder = folder
        self._metrics = metrics
        self._digits = digits
        self._limits = limits
        self._tail = []  # rows in memory; the first has number _tail_first
        self._tail_first = 0
        self._tail_since = 0
        self._writing = None  # the segment that takes the next rows
        self._unread = 0  # so often in a row the oldest segment could not be read
        compat.make_folder(folder)
        self._segments = _segments(folder, metrics, digits)
        self._aside = []  # the side files of this start
        self.boot = 1 + max([_counted_boots(folder)] + [item.boot for item in self._segments])
        try:
            compat.replace(folder + "/boot", b"%d" % self.boot)
        except OSError as error:  # the names of the segments tell it too
            compat.say("spool: the flash refused the boot counter: %s" % error)
        self._lost = [key for key in epochs.listed(folder) if not self._holds(key[1])]
        self.living = epochs.Epoch(self.boot, epoch)

    def waiting(self):
        """How many rows are not acknowledged."""
        return len(self._tail) + sum([item.waiting() for item in self._segments])

    def refused(self):
        """How many rows lie in the side files of this start."""
        return sum([item.waiting() for item in self._aside])

    # In

    def add(self, number, row):
        """Takes row `number` of the living epoch: (uptime, scaled values ...)."""
        if not self._tail:
            self._tail_first = number
            self._tail_since = row[0]
        self._tail.append(row)
        if len(self._tail) > self._limits["memory_rows"]:  # the flash takes nothing any more
            self._tail.pop(0)
            self._tail_first += 1
            self.living.dropped += 1
            self.living.next = self._tail_first

    def flush_if_due(self, now):
        if self._tail and (
            len(self._tail) >= self._limits["flush_rows"]
            or now - self._tail_since >= self._limits["flush_ms"]
        ):
            self.flush(now)

    def flush(self, now):
        """Writes what is in memory durably; what the flash refuses waits for the next time."""
        if not self._tail:
            return
        try:
            self._write()
        except OSError as error:
            compat.say("spool: the flash refused %d rows: %s" % (len(self._tail), error))
            self._writing = None  # a half-written end is left behind
            self._tail_since = now
            if error.errno == _NO_SPACE and len(self._segments) > 1:
                self._drop(self._segments)

    def _write(self):
        target = self._writing
        header = None
        if (
            target is None
            or target.end() != self._tail_first
            or target.size(len(self._tail)) > self._limits["segment_bytes"]
        ):
            target, header = segment.new(
                self.boot, self.living.epoch, self._tail_first, self._metrics, self._digits
            )
            room = self._limits["max_bytes"] - self._limits["segment_bytes"] - _taken(self._aside)
            while self._segments and _taken(self._segments) > room:
                self._drop(self._segments)
        target.append(self._folder, header, self._tail)
        if header:
            self._segments.append(target)
            self._writing = target
        self._tail = []

    def _drop(self, items):
        """Gives up the oldest of `items`, counted."""
        item = items.pop(0)
        rows = item.waiting()
        epoch = self._epoch(item)
        epoch.dropped += rows
        epoch.next = max(epoch.next, item.end())
        self._remove(item)  # first, for a full flash has no room for the count
        compat.say("spool: dropped %d rows of epoch %s" % (rows, item.epoch))
        self._save(epoch)
        if epoch is not self.living and not self._holds(item.epoch):
            self._lost.append((item.boot, item.epoch))
            if len(self._lost) > _MOST_LOST:
                epochs.Epoch(*self._lost.pop(0)).remove(self._folder)

    # Out

    def next_batch(self, count):
        """The oldest rows, at most `count`, or None when nothing waits. Raises OSError."""
        while True:
            if self._lost:
                epoch = epochs.load(self._folder, *self._lost[0])
                if epoch.dropped:
                    return self._batch(epoch, epoch.next, [], self._metrics, self._digits)
                epoch.remove(self._folder)
                self._lost.pop(0)
            elif self._segments:
                batch = self._read(self._segments[0], count)
                if batch is not None:
                    return batch
                self._drop(self._segments)  # damaged from here on
            elif self._tail:
                rows = self._tail[:count]
                batch = self._batch(
                    self.living, self._tail_first, rows, self._metrics, self._digits
                )
                batch.newest = len(rows) == len(self._tail)
                return batch
            else:
                return None

    def _read(self, item, count):
        """The next rows of a segment, None where there is no hope for them. Raises OSError."""
        try:
            wanted = min(count, item.waiting())
            metrics, digits, rows = item.read(self._folder, item.reached, wanted)
        except OSError as error:
            self._unread += 1
            if self._unread < _READS:
                raise
            compat.say("spool: gives up %s: %s" % (item.name(), error))
            return None
        self._unread = 0
        if not rows:
            return None
        batch = self._batch(self._epoch(item), item.reached, rows, metrics, digits)
        batch.source = item
        batch.again = item.suffix == segment.REFUSED
        return batch

    def _batch(self, epoch, first, rows, metrics, digits):
        batch = wire.Batch(epoch.epoch, epoch.boot, first, rows, metrics, digits)
        batch.living = epoch is self.living
        batch.base = epoch.base
        batch.dropped = epoch.dropped
        return batch

    def forget(self, batch, count):
        """The first `count` rows of `batch` are acknowledged."""
        if not batch.rows:
            if self._lost and self._lost[0] == (batch.boot, batch.epoch):
                epochs.Epoch(*self._lost.pop(0)).remove(self._folder)
            return
        reached = batch.first + count
        item = self._segments[0] if self._segments else None
        # Rows that were in memory when they were sent may have been written since.
        if item and (item is batch.source or (not batch.source and item.epoch == batch.epoch)):
            item.reached = max(item.reached, min(reached, item.end()))
            if not item.waiting():
                self._remove(self._segments.pop(0))
                if item.epoch != self.living.epoch and not self._holds(item.epoch):
                    epochs.Epoch(item.boot, item.epoch).remove(self._folder)
        if batch.living and reached > self._tail_first:
            self._tail = self._tail[reached - self._tail_first :]
            self._tail_first = reached
            if self._tail:
                self._tail_since = self._tail[0][0]

    def set_aside(self, batch, count):
        """Puts the first `count` rows of a refused batch in a side file until the next start.

        The oldest side file makes room, counted. False where the flash refuses: then the rows stay
        where they are.
        """
        if batch.again:  # it has its file
            if self._segments[:1] != [batch.source]:
                return True
            item = self._segments.pop(0)
        else:
            item, header = segment.new(
                batch.boot, batch.epoch, batch.first, batch.metrics, batch.digits, segment.REFUSED
            )
            # Rows of a segment that a restart brought again may have a side file already.
            self._segments = [other for other in self._segments if other.name() != item.name()]
            try:
                rows = (row for i, row in enumerate(batch.rows) if i < count)
                item.append(self._folder, header, rows)
            except OSError as error:
                compat.say("spool: the flash refused a side file: %s" % error)
                return False
        self._aside.append(item)
        if not batch.again:
            self.forget(batch, count)
        self._aside.sort(key=segment.Segment.order)
        while len(self._aside) > 1 and _taken(self._aside) > self._limits["max_bytes"] // 4:
            self._drop(self._aside)
        return True

    def learn(self, base):
        """Takes UTC ms of uptime 0 by the appliance's clock, for rows sent after a restart."""
        known = self.living.base
        if known is None or abs(base - known) > 1000:
            self.living.base = base
            self._save(self.living)

    # Within

    def _epoch(self, item):
        if item.epoch == self.living.epoch:
            return self.living
        return epochs.load(self._folder, item.boot, item.epoch)

    def _save(self, epoch):
        try:
            epoch.save(self._folder)
        except OSError as error:  # it is known until the next restart
            compat.say("spool: the flash refused what is known of an epoch: %s" % error)

    def _holds(self, epoch):
        return any(item.epoch == epoch for item in self._segments + self._aside)

    def _remove(self, item):
        if item is self._writing:
            self._writing = None
        self._unread = 0
        item.remove(self._folder)


def _segments(folder, metrics, digits):
    """The segments found in flash, oldest first; what a power cut left half made is deleted."""
    found = []
    for name in os.listdir(folder):
        if name.endswith(compat.NEW):
            compat.discard(folder + "/" + name)
        elif segment.is_named(name):
            try:
                item = segment.find(folder, name, metrics, digits)
            except OSError as error:  # nothing is known of it, not even how many rows
                compat.say("spool: leaves %s alone: %s" % (name, error))
                continue
            if item is None or item.rows < 1:
                compat.discard(folder + "/" + name)
            else:
                found.append(item)
    found.sort(key=segment.Segment.order)
    for i, after in enumerate(found[1:]):
        item = found[i]
        # Behind a write that failed there is more in the file, and it was written again.
        if item.epoch == after.epoch and after.suffix == segment.SUFFIX:
            item.rows = min(item.rows, after.first - item.first)
    return found


def _taken(items):
    return sum([item.taken() for item in items])


def _counted_boots(folder):
    try:
        with open(folder + "/boot") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0
