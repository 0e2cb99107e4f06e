"""A sensor on a simulated machine: the same seed, signal and time always give the same value.

A value depends on the time alone and not on what was asked before, so a month made in seconds
continues without a seam in what the node samples afterwards.
"""

import binascii
import math

from .simulated_machine import DAY_MS, Machine, chance, mix


def create(spec, context):
    machine = context.get("machine")
    if machine is None:
        machine = context["machine"] = Machine(context.get("simulation") or {}, context["utc_ms"]())
    return Sensor(spec, machine, context["utc_ms"])


_PARTS = ("level", "idle", "lag_s", "daily", "cycle", "wander", "spikes", "noise", "min", "max")


class Sensor:
    """One signal of the machine, described in `spec["signal"]`; every part may be left out.

    level      value while the machine runs
    idle       value while it stands (as running)
    lag_s      level and idle are approached with this time constant (at once)
    daily      amplitude over the day, highest at 15:00 local time
    cycle      [seconds, swing]: a saw while running, a fifth of it up, the rest down
    wander     [seconds, amplitude]: smooth and slow; a fifth of it while standing
    spikes     [seconds, height, decay in seconds]: one at a random moment of each span at work
    noise      standard deviation; a fifth of it while standing
    min, max   what the sensor can give
    """

    def __init__(self, spec, machine, utc_ms):
        self.metric = spec["metric"]
        self.unit = spec["unit"]
        self.digits = spec["digits"]
        self._machine = machine
        self._utc_ms = utc_ms
        signal = spec.get("signal") or {}
        for name in signal:
            if name not in _PARTS:
                raise ValueError("sensors: a signal has no %s" % name)
        self._level = signal.get("level", 1)
        self._idle = signal.get("idle", self._level)
        self._warmth = None
        if signal.get("lag_s"):
            self._warmth = machine.warmth(signal["lag_s"] * 1000)
        self._daily = signal.get("daily", 0)
        self._cycle = signal.get("cycle")
        self._wander = signal.get("wander")
        self._spikes = signal.get("spikes")
        self._noise = signal.get("noise", 0)
        self._min = signal.get("min")
        self._max = signal.get("max")
        self._seed = mix(machine.seed, binascii.crc32(self.metric.encode()))
        self._faults = machine.faults_of(self.metric)

    def read(self):
        return self.at(self._utc_ms())

    def at(self, utc):
        """The value at a time in UTC ms."""
        if self.metric == "running":
            return self._run_state(utc)
        disturbance = 0
        for fault in self._faults:
            into = fault.into(utc)
            if into is None:
                continue
            if fault.shape == "no data":
                return None
            if fault.shape == "flatline":
                utc -= into
            elif fault.shape == "step":
                disturbance += fault.by
            else:  # a ramp rises for six tenths of its time, stays, and is gone again at the end
                part = into / fault.lasts
                disturbance += fault.by * min(1, part / 0.6, (1 - part) / 0.15)
        running = self._machine.running(utc)
        share = self._warmth(utc) if self._warmth else 1 if running else 0
        value = self._idle + (self._level - self._idle) * share
        if disturbance:  # what the machine does to a signal, it does in so far as it works
            value += disturbance * (1 if self._idle == self._level else share)
        value += self._liveliness(utc, running)
        if self._min is not None and value < self._min:
            return self._min
        if self._max is not None and value > self._max:
            return self._max
        return value

    def _run_state(self, utc):
        for fault in self._faults:
            if fault.shape == "no data" and fault.into(utc) is not None:
                return None
        return 1 if self._machine.running(utc) else 0

    def _liveliness(self, utc, running):
        """What moves about the level: the day, the process, wandering, spikes, noise."""
        lively = 1 if running else 0.2
        value = 0
        if self._daily:
            turn = self._machine.local(utc) % DAY_MS / DAY_MS - 0.375
            value += self._daily * math.sin(6.283185 * turn)
        if self._cycle and running:
            span, swing = self._cycle
            turn = utc % (span * 1000) / (span * 1000)
            value += swing * (turn * 5 - 0.5 if turn < 0.2 else 0.5 - (turn - 0.2) * 1.25)
        if self._wander:
            value += lively * self._wandering(utc)
        if self._spikes:
            value += self._spike(utc)
        if self._noise:
            noise = mix(self._seed, utc)
            # Four bytes added up are close enough to a bell.
            noise = (noise & 255) + (noise >> 8 & 255) + (noise >> 16 & 255) + (noise >> 24) - 510
            value += lively * self._noise * noise / 147.8
        return value

    def _wandering(self, utc):
        seconds, amplitude = self._wander
        span = seconds * 1000
        knot = utc // span
        turn = utc % span / span
        turn = turn * turn * (3 - 2 * turn)
        here = chance(self._seed ^ 0x5BD1, knot)
        return amplitude * (2 * (here + (chance(self._seed ^ 0x5BD1, knot + 1) - here) * turn) - 1)

    def _spike(self, utc):
        seconds, height, decay = self._spikes
        span = seconds * 1000
        total = 0
        slot = utc // span
        for number in (slot - 1, slot):
            draw = mix(self._seed ^ 0x1B56, number)
            moment = number * span + draw % span
            age = utc - moment
            if 0 <= age < decay * 8000 and self._machine.scheduled(moment):
                total += (
                    height * (0.3 + 0.7 * (draw >> 20) / 4095) * math.exp(-age / (decay * 1000))
                )
        return total
