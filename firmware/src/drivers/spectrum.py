"""RMS velocity in a band from acceleration samples, in memory that is taken once."""

import math
from array import array

_HANN_POWER = 0.375  # mean of the squared window


class Spectrum:
    """A real Fourier transform in place: `even` and `odd` take the samples in turn.

    `samples` is a power of two. Memory: four bytes a sample.
    """

    def __init__(self, samples):
        self.samples = samples
        self._half = samples // 2
        self.even = array("f", bytes(4 * self._half))
        self.odd = array("f", bytes(4 * self._half))

    def velocity(self, rate, low, high, scale):
        """RMS velocity in mm/s of what lies in the arrays, which it uses up.

        `rate` in samples a second, `scale` in m/s² for each unit of a sample. Mean removed, Hann
        window, spectrum divided by 2πf from `low` to `high` Hz, Parseval back.
        """
        self._window()
        self._transform()
        step = rate / self.samples
        first = int(low / step)
        if first * step < low:
            first += 1
        total = 0.0
        for i in range(max(1, first), min(self._half - 1, int(high / step)) + 1):
            total += self._power(i) / (i * i)
        mean = 2 * total / (self.samples * self.samples * _HANN_POWER)
        return 1000 * scale * math.sqrt(mean) / (2 * math.pi * step)

    def _window(self):
        even, odd, half = self.even, self.odd, self._half
        mean = 0.0
        for i in range(half):
            mean += even[i] + odd[i]
        mean /= self.samples
        turn = 2 * math.pi / self.samples
        cos = math.cos
        for i in range(half):
            even[i] = (even[i] - mean) * (0.5 - 0.5 * cos(turn * 2 * i))
            odd[i] = (odd[i] - mean) * (0.5 - 0.5 * cos(turn * (2 * i + 1)))

    def _transform(self):
        """A complex transform of half the length, even samples as real parts, odd ones as
        imaginary parts; radix 2, decimation in time."""
        self._reorder()
        re, im, count = self.even, self.odd, self._half
        span = 1
        while span < count:
            for j in range(span):
                angle = math.pi * j / span
                cos, sin = math.cos(angle), -math.sin(angle)
                for a in range(j, count, 2 * span):
                    b = a + span
                    x, y = re[b], im[b]
                    u = x * cos - y * sin
                    v = x * sin + y * cos
                    x, y = re[a], im[a]
                    re[b] = x - u
                    im[b] = y - v
                    re[a] = x + u
                    im[a] = y + v
            span *= 2

    def _reorder(self):
        re, im, count = self.even, self.odd, self._half
        j = 0
        for i in range(1, count):
            bit = count >> 1
            while j & bit:
                j ^= bit
                bit >>= 1
            j |= bit
            if i < j:
                x, y = re[i], im[i]
                re[i], im[i] = re[j], im[j]
                re[j], im[j] = x, y

    def _power(self, i):
        """|X|² of bin `i` of all the samples, from that of the even and that of the odd ones."""
        re, im, j = self.even, self.odd, self._half - i
        angle = 2 * math.pi * i / self.samples
        cos, sin = math.cos(angle), math.sin(angle)
        x, y = (re[i] + re[j]) / 2, (im[i] - im[j]) / 2
        u, v = (im[i] + im[j]) / 2, (re[j] - re[i]) / 2
        x += u * cos + v * sin
        y += v * cos - u * sin
        return x * x + y * y
