"""Keeps the rows that are not acknowledged: the newest in memory, the rest in segment files."""

import os

from . import compat, epochs, segment, wire

_REFUSED = ".refused"
_NO_SPACE = 28
_MOST_LOST = 32  # epochs of which nothing but a count is left to tell


class Spool:
    """A bounded ring in one folder of the flash, oldest rows first out.

    A row lives in memory until `flush_rows` are waiting or the oldest waits `flush_ms`; then it is
    written durably, unless it was acknowledged meanwhile, which spares the flash while all is well.
    A whole acknowledged segment is deleted. What is over `max_bytes` goes oldest first, counted.
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
        self._cursor = ("", 0)  # of this epoch everything before this row is acknowledged
        compat.make_folder(folder)
        self._segments = _segments(folder)
        self._refused_bytes = _refused_bytes(folder)
        self.refused = 0  # rows put in side files since the start
        self.boot = 1 + max([_counted_boots(folder)] + [item.boot for item in self._segments])
        compat.replace(folder + "/boot", b"%d" % self.boot)
        self._lost = [key for key in epochs.listed(folder) if not self._holds(key[1])]
        self.living = epochs.Epoch(self.boot, epoch)

    def waiting(self):
        """How many rows are not acknowledged."""
        rows = len(self._tail)
        for item in self._segments:
            rows += item.end() - self._start(item)
        return rows

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
                self._drop_oldest()

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
            room = self._limits["max_bytes"] - self._limits["segment_bytes"] - self._refused_bytes
            while self._segments and sum([item.taken() for item in self._segments]) > room:
                self._drop_oldest()
        target.append(self._folder, header, self._tail)
        if header:
            self._segments.append(target)
            self._writing = target
        self._tail = []

    def _drop_oldest(self):
        item = self._segments[0]
        rows = item.end() - self._start(item)
        epoch = self._epoch(item)
        epoch.dropped += rows
        epoch.next = item.end()
        self._remove_oldest()  # first, for a full flash has no room for the count
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
                item = self._segments[0]
                start = self._start(item)
                wanted = min(count, item.end() - start)
                metrics, digits, rows = item.read(self._folder, start, wanted)
                if rows:
                    return self._batch(self._epoch(item), start, rows, metrics, digits)
                self._drop_oldest()  # damaged from here on
            elif self._tail:
                rows = self._tail[:count]
                batch = self._batch(
                    self.living, self._tail_first, rows, self._metrics, self._digits
                )
                batch.newest = len(rows) == len(self._tail)
                return batch
            else:
                return None

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
        self._cursor = (batch.epoch, reached)
        while self._segments and self._start(self._segments[0]) == self._segments[0].end():
            item = self._segments[0]
            self._remove_oldest()
            if item.epoch != self.living.epoch and not self._holds(item.epoch):
                epochs.Epoch(item.boot, item.epoch).remove(self._folder)
        if batch.living and reached > self._tail_first:
            self._tail = self._tail[reached - self._tail_first :]
            self._tail_first = reached
            if self._tail:
                self._tail_since = self._tail[0][0]

    def set_aside(self, batch, count, body):
        """Puts the first `count` rows of a batch, refused ten times, in a side file as sent.

        False where such files take a quarter of the ring or the flash refuses it: then the rows
        stay where they are.
        """
        if self._refused_bytes + segment.blocks(len(body)) > self._limits["max_bytes"] // 4:
            return False
        name = "%08x-%s-%010x%s" % (batch.boot, batch.epoch, batch.first, _REFUSED)
        try:
            compat.replace(self._folder + "/" + name, body)
        except OSError:
            return False
        self._refused_bytes += segment.blocks(len(body))
        self.refused += count
        self.forget(batch, count)
        return True

    def learn(self, base):
        """Takes UTC ms of uptime 0 by the appliance's clock, for rows sent after a restart."""
        known = self.living.base
        if known is None or abs(base - known) > 1000:
            self.living.base = base
            self._save(self.living)

    # Within

    def _start(self, item):
        """The first row of a segment that is not acknowledged."""
        epoch, reached = self._cursor
        return min(max(item.first, reached), item.end()) if item.epoch == epoch else item.first

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
        return any(item.epoch == epoch for item in self._segments)

    def _remove_oldest(self):
        item = self._segments.pop(0)
        if item is self._writing:
            self._writing = None
        try:
            item.remove(self._folder)
        except OSError as error:  # it comes again after a restart, and the appliance has it then
            compat.say("spool: the flash refused to delete a segment: %s" % error)


def _segments(folder):
    """The segments found in flash, oldest first; what a power cut left half made is deleted."""
    found = []
    for name in os.listdir(folder):
        if name.endswith(compat.NEW):
            os.remove(folder + "/" + name)
        elif segment.is_named(name):
            item = segment.find(folder, name)
            if item is None or not item.rows:
                os.remove(folder + "/" + name)
            else:
                found.append(item)
    found.sort(key=segment.Segment.order)
    return found


def _refused_bytes(folder):
    sizes = [
        segment.blocks(compat.size(folder + "/" + name))
        for name in os.listdir(folder)
        if name.endswith(_REFUSED)
    ]
    return sum(sizes)


def _counted_boots(folder):
    try:
        with open(folder + "/boot") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 0
