"""Tails of Student's t and Fisher's F, for p-values and control limits."""

import math

PRECISION = 1e-15
MOST_TERMS = 10_000


def t_p_value(t: float, freedom: int) -> float:
    """The two-sided p-value of Student's t."""
    if t * t < 1:  # there the other side is the exact one
        return 1 - incomplete_beta(t * t / (freedom + t * t), 0.5, freedom / 2)
    return incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def f_quantile(share: float, over: int, under: int) -> float:
    """The value below which `share` of Fisher's F with these degrees of freedom lies."""
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        if incomplete_beta(middle, over / 2, under / 2) < share:
            low = middle
        else:
            high = middle
    return under * middle / (over * (1 - middle))


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction."""
    if not 0 < x < 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    if x > (a + 1) / (a + b + 2):
        return 1.0 - front * _fraction(1 - x, b, a) / b
    return front * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1.0 / _away(1.0 + even * d), _away(1.0 + even / c)
        fraction *= c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1.0 / _away(1.0 + odd * d), _away(1.0 + odd / c)
        fraction *= c * d
        if abs(c * d - 1.0) < PRECISION:
            break
    return fraction


def _away(value: float) -> float:
    """The value, kept from 0."""
    return value if abs(value) > 1e-300 else 1e-300
