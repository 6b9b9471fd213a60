"""An engine's own `creator`, and a pool that was made with one, go past SQLAlchemy's event before a connection.

Such a function leads where it wants, whatever URL its engine has. Here it is not called, where a connection may not
be made at all, or has to be made elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.pool import Pool

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

__all__ = ["Way", "lead_creators"]

_SQLALCHEMYS = "sqlalchemy.engine.create"
"""Where SQLAlchemy's own function for a pool is, the one that tells its event."""


class Way(Protocol):
    def create(self, dialect: Dialect) -> DBAPIConnection | None:
        """A connection in place of the creator's own; None lets it make one."""
        ...


def lead_creators(way: Way) -> None:
    """Ask `way` in every pool that is made from here on.

    Pool.__init__ stays as it is: create_engine() reads from its arguments which options a pool takes.
    """
    given = vars(Pool)["_creator"]

    def set_creator(pool: Pool, creator: Callable[..., Any]) -> None:
        given.fset(pool, creator)
        if getattr(creator, "__module__", "") in (_SQLALCHEMYS, __name__):
            return
        own = pool._invoke_creator

        def led(record: Any = None) -> Any:
            dialect = pool._dialect
            found = way.create(dialect) if isinstance(dialect, Dialect) else None
            return own(record) if found is None else found

        given.fset(pool, led)

    Pool._creator = property(given.fget, set_creator)  # type: ignore[assignment,method-assign]
