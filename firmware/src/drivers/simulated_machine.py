"""What the signals of a simulated machine have in common: shifts, short stops, faults, chance."""

import math

DAY_MS = 86400000
_WEEK_MS = 7 * DAY_MS
_MONDAY_MS = 4 * DAY_MS  # 1970-01-05 was a Monday
_PARTS = ("seed", "utc_offset_min", "shifts", "stops", "faults")
_SHAPES = ("ramp", "step", "flatline", "no data", "stop", "offline")


def mix(seed, number):
    """32 bits that look random and are always the same for the same two numbers."""
    x = (seed ^ (number * 0x9E3779B1)) & 0xFFFFFFFF
    x ^= number >> 32 & 0xFFFFFFFF
    x = ((x ^ x >> 16) * 0x85EBCA6B) & 0xFFFFFFFF
    x = ((x ^ x >> 13) * 0xC2B2AE35) & 0xFFFFFFFF
    return x ^ x >> 16


def chance(seed, number):
    """A number from 0 to 1 that is always the same for the same two numbers."""
    return (mix(seed, number) >> 8) / 0xFFFFFF


class Fault:
    """Something that goes wrong `at` a time, `for` so long, and again `every` so often."""

    def __init__(self, spec, start):
        self.metric = spec.get("metric")
        self.shape = spec["shape"]
        if self.shape not in _SHAPES:
            raise ValueError("simulation: there is no fault of shape %s" % self.shape)
        self.by = spec.get("by", 0)
        self.lasts = spec["for"] * 1000
        self._from = start + spec["at"] * 1000
        self._every = spec.get("every", 0) * 1000

    def into(self, utc):
        """How many ms it has been going on, or None when it is not."""
        age = utc - self._from
        if age < 0:
            return None
        if self._every:
            age %= self._every
        return age if age < self.lasts else None

    def since(self, utc):
        """How many ms ago it began the last time, or None."""
        age = utc - self._from
        if age < 0:
            return None
        return age % self._every if self._every else age


class Machine:
    """The machine of a node, from the configuration's `simulation`; every part may be left out.

    seed              makes two machines of a kind differ
    utc_offset_min    the plant's local time
    shifts            [[days, from, to], ...] such as ["12345", "06:00", "22:00"], Monday is 1;
                      past midnight where `to` is not after `from`; always at work where left out
    stops             [seconds, chance, shortest, longest]: in each span of so many seconds at work,
                      with this chance, it stands still for so many seconds
    faults            [{"shape", "metric", "at", "for", "every", "by"}, ...]; `at` is in seconds
                      after the start, below 0 for the past before it; shape is ramp or step
                      (both add `by`), flatline, no data, stop (the machine stands) or offline
                      (the network is gone)
    """

    def __init__(self, spec, start):
        for name in spec:
            if name not in _PARTS:
                raise ValueError("simulation: there is no %s" % name)
        self.seed = mix(spec.get("seed", 1), 0x5EED)
        self._offset = spec.get("utc_offset_min", 0) * 60000
        self._turns = _turns(spec.get("shifts"))
        self._turn = 0
        self._stops = spec.get("stops")
        self._stop = (None, 0, 0)
        faults = [Fault(item, start) for item in spec.get("faults") or []]
        self._faults = faults
        self._breakdowns = [fault for fault in faults if fault.shape == "stop"]
        self._offline = [fault for fault in faults if fault.shape == "offline"]

    def faults_of(self, metric):
        return [
            fault
            for fault in self._faults
            if fault.metric == metric and fault.shape not in ("stop", "offline")
        ]

    def local(self, utc):
        return utc + self._offset

    def offline(self, utc):
        """Whether the network is gone."""
        return any(fault.into(utc) is not None for fault in self._offline)

    def scheduled(self, utc):
        """Whether the machine is meant to run."""
        return self._turns[self._find(utc)][1]

    def running(self, utc):
        if not self._turns[self._find(utc)][1]:
            return False
        for fault in self._breakdowns:
            if fault.into(utc) is not None:
                return False
        return not (self._stops and self._stopped(utc))

    def _stopped(self, utc):
        seconds, odds, shortest, longest = self._stops
        slot = utc // (seconds * 1000)
        if self._stop[0] != slot:
            begin = end = 0
            if chance(self.seed ^ 0x57, slot) < odds:
                lasts = shortest + (longest - shortest) * chance(self.seed ^ 0x58, slot)
                begin = int((seconds - longest) * 1000 * chance(self.seed ^ 0x59, slot))
                begin += slot * seconds * 1000
                end = begin + int(lasts * 1000)
            self._stop = (slot, begin, end)
        return self._stop[1] <= utc < self._stop[2]

    def _find(self, utc):
        """The index of the last change of the week before `utc`."""
        moment = (utc + self._offset - _MONDAY_MS) % _WEEK_MS
        turns = self._turns
        i = self._turn
        if moment < turns[i][0]:
            i = 0
        while i + 1 < len(turns) and turns[i + 1][0] <= moment:
            i += 1
        self._turn = i
        return i

    def warmth(self, lag_ms):
        """A function of UTC ms: 0 cold to 1 at working heat, following with a time constant.

        The week repeats itself, so the warmth at each change of the week is known exactly. What a
        breakdown cools is taken off afterwards, for the law is linear.
        """
        turns = self._turns
        warm = 1.0 if turns[-1][1] else 0.0
        starts = []
        for _ in range(3):  # a heat of one week is forgotten in the next
            starts = []
            for i in range(len(turns)):
                starts.append(warm)
                end = turns[i + 1][0] if i + 1 < len(turns) else _WEEK_MS
                target = 1.0 if turns[i][1] else 0.0
                warm = target + (warm - target) * math.exp(-(end - turns[i][0]) / lag_ms)

        def at(utc):
            i = self._find(utc)
            begin, runs = turns[i]
            age = (utc + self._offset - _MONDAY_MS) % _WEEK_MS - begin
            target = 1.0 if runs else 0.0
            warm = target + (starts[i] - target) * math.exp(-age / lag_ms)
            for fault in self._breakdowns:
                age = fault.since(utc)
                if age is not None and age < fault.lasts + 8 * lag_ms:
                    lost = 1 - math.exp(-min(age, fault.lasts) / lag_ms)
                    warm -= lost * math.exp(-max(0, age - fault.lasts) / lag_ms)
            return max(0.0, warm)

        return at


def _turns(shifts):
    """The week's changes as (ms after Monday 00:00, whether it runs), the first at 0."""
    if shifts is None:
        return [(0, True)]
    minutes = bytearray(7 * 1440)
    for days, begins, ends in shifts:
        begin, end = _minute(begins), _minute(ends)
        if end <= begin:
            end += 1440
        for day in days:
            first = (int(day) - 1) * 1440
            for minute in range(first + begin, first + end):
                minutes[minute % 10080] = 1
    return [
        (i * 60000, bool(minutes[i]))
        for i in range(len(minutes))
        if i == 0 or minutes[i] != minutes[i - 1]
    ]


def _minute(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
