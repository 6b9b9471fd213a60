"""What looks as if somebody had renamed it: something is missing, and something alike holds its rows."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from schema_guard.difference.base import BaseDifference, Impact
from schema_guard.difference.columns import ColumnMissing, ColumnUnknown
from schema_guard.difference.tables import TableMissing, TableUnknown
from schema_guard.schema import Column, Table

__all__ = ["RenameSuspected"]

MOST_NAMED = 3
"""Names in a sentence: a table may look like each of a hundred that hold a month each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameSuspected(BaseDifference):
    """A column or a table of the models is missing or has no values, and one that they don't know has some.

    It stands for both: what is missing, and what is unknown.
    """

    code = "rename-suspected"
    by_rows = True
    table: Table
    """The expected table."""
    column: Column | None
    """Its column; None: the table itself."""
    old: str
    """The name under which the rows are."""
    or_from: tuple[str, ...] = ()
    """Other names under which the rows may be as well."""
    or_to: tuple[str, ...] = ()
    """Other names that are missing, which may be the new one as well."""
    missing: ColumnMissing | TableMissing | None = None
    """None: it is there by now, without values."""
    unknown: ColumnUnknown | TableUnknown
    unset: str | None = None
    """The server default that rows have in place of a value, as SQL."""
    blocker: str | None = None
    """An unknown column that lets no INSERT work, whatever is added beside it."""

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.column.name}" if self.column else str(self.table.name)

    @property
    def headline(self) -> str:
        new = self.column.name if self.column else self.table.name.name
        same = unicodedata.normalize("NFC", self.old) == unicodedata.normalize("NFC", new)
        form = " (the same letters in another Unicode form)" if same else ""
        if self.missing is None:
            return f"{self.old}{form} holds what belongs here: perhaps it was renamed"
        what = self.missing.headline.partition("; the name is held by")[0]
        return f"{what}; perhaps renamed from {self.old_names(form)}"

    def old_names(self, form: str = "") -> str:
        """The names under which the rows may be, in a sentence; `form` is what is said of the first."""
        names = (f"{self.old}{form}", *self.or_from)
        if len(names) <= MOST_NAMED + 1:
            return " or ".join(names)
        return f"{', '.join(names[:MOST_NAMED])} or one of {len(names) - MOST_NAMED:,} more"

    @property
    def held_back(self) -> bool:
        """What is missing is not made.

        An empty table would be filled anew beside the old rows, with the same keys: no statement unites them any more.
        An empty column does no harm; but where the application cannot start with it either, the rename is simpler
        without it.
        """
        return self.missing is not None and (self.column is None or self.blocker is not None)

    @property
    def covers(self) -> tuple[str, ...]:
        found = () if self.missing is None else (self.missing.key,)
        # an INSERT that fails is a fault of its own once the new column is there
        stays = self.missing is None and self.unknown.impact is Impact.BREAKS
        return found if stays else (*found, self.unknown.key)
