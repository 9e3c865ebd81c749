"""Chance by number, where a hash of names would cost more than everything that it decides.

It keeps the promise of `keyed`: what is drawn depends on the seed and on what it is for, never on what was
drawn before. A `Mixer` stands for one purpose; what is drawn from it is named by two numbers.
"""

from attrs import frozen

from focus_signal.testing.keyed import QUANTUM, draw

_MASK = (1 << 64) - 1


@frozen
class Mixer:
    """Draw numbers for one purpose; made by `mixer`.

    Args:
      base: what the seed and the purpose come to.
      least: the least that `seconds` gives, in steps of virtual time.
      span: how many steps more than that it gives at the most.
    """

    base: int
    least: int = 0
    span: int = 0

    def seconds(self, one: int, other: int = 0) -> float:
        """Draw a time, in whole steps of virtual time."""
        # Two odd numbers tell the keys apart; the product of the third carries every bit of them upward, and
        # the upper half of it is what counts.
        x = (self.base + one * 0x9E3779B97F4A7C15 + other * 0xC2B2AE3D27D4EB4F) & _MASK
        x = (x ^ x >> 32) * 0xD6E8FEB86659FD93 & _MASK
        return (self.least + ((x >> 32) * self.span >> 32)) * QUANTUM


@frozen
class Pause:
    """Draw how long something pauses that pauses now and then.

    Args:
      likely: how likely it is, from 0 to 1.
      mixer: draws the time.
    """

    likely: float
    mixer: Mixer

    def seconds(self, one: int) -> float:
        """Draw a time; 0 when there is no pause."""
        most = (self.mixer.least + self.mixer.span) * QUANTUM
        if self.mixer.seconds(one) >= self.likely * most:
            return 0.0
        return self.mixer.seconds(one, 1)


def mixer(seed: int, purpose: str, low: float = 0.0, high: float = 0.0) -> Mixer:
    """Make what draws for a purpose; `low` and `high` are the seconds between which it draws times."""
    least = int(low / QUANTUM)
    return Mixer(int(draw(seed, purpose) * 2.0**64), least, max(0, int(high / QUANTUM) - least))
