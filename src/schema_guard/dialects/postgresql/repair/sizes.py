"""How many rows or bytes, as a sentence says it."""

from __future__ import annotations

__all__ = ["large", "round_above"]


def round_above(rows: int) -> int:
    """The next number of one digit and zeros that leaves a tenth of room for rows to come."""
    wanted = rows + rows // 10 + 1
    unit = int("1" + "0" * (len(str(wanted)) - 1))
    return -(-wanted // unit) * unit


def large(number: float) -> str:
    """`950`, `2 M`, `3.4 G`: two digits at least."""
    for unit in ("", "k", "M", "G"):
        if number < 999.5:
            return f"{number:.0f} {unit}" if number >= 10 or number == round(number) else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.0f} T"
