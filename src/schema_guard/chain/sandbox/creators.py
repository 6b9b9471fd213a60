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
    """Ask `way` in every pool that is made from here on."""
    make = Pool.__init__

    def made(pool: Pool, creator: Callable[..., Any], *arguments: Any, **named: Any) -> None:
        make(pool, creator, *arguments, **named)
        if getattr(creator, "__module__", "") in (_SQLALCHEMYS, __name__):
            return
        own = pool._invoke_creator

        def led(record: Any = None) -> Any:
            dialect = pool._dialect
            found = way.create(dialect) if isinstance(dialect, Dialect) else None
            return own(record) if found is None else found

        pool._creator = led

    Pool.__init__ = made  # type: ignore[method-assign,assignment]
