"""What was found about another release, as data."""

from __future__ import annotations

from dataclasses import dataclass

from schema_guard.compat.order import Order

__all__ = ["Break", "Compatibility", "Doubt"]


@dataclass(frozen=True, slots=True)
class Break:
    """A statement of the other release that fails.

    Args:
        object: the table, column or constraint: `users.name`.
        code: of the difference, or `statement-fails`.
        what: how the database differs from what that release expects.
        effect: which statement fails, of which class.
        order: how to come there without the break; None where nobody can say.
    """

    object: str
    code: str
    what: str
    effect: str
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Rows of the other release that may be refused, or a statement that may fail."""

    object: str
    code: str
    what: str
    effect: str


@dataclass(frozen=True, slots=True)
class Compatibility:
    """The answer.

    Args:
        release: how the other release was named.
        system: of the scratch database, 'sqlite' or 'postgresql', with its version.
        done: what was done on it, a line each.
        breaks: statements that fail.
        doubts: what may be refused.
        collisions: why the two chains do not follow each other, a line each.
    """

    release: str
    system: str
    done: tuple[str, ...]
    breaks: tuple[Break, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    collisions: tuple[str, ...] = ()

    @property
    def safe(self) -> bool:
        """Whether that release can run beside this one, and again after it."""
        return not self.breaks and not self.collisions
