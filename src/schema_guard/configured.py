"""What a guard is of, and how it was told to work: the part of a guard that no database has a share in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from schema_guard.acceptance import Acceptance, acceptances_of
from schema_guard.beside import Beside
from schema_guard.errors import ConfigurationError, argument
from schema_guard.look import Withhold
from schema_guard.plan import Policy
from schema_guard.remembered import digest_of
from schema_guard.requirements import program
from schema_guard.scope import Scope
from schema_guard.selector import INCLUDED, selectors_of
from schema_guard.sources.frozen import FrozenSource, read
from schema_guard.sources.once import Kept, Once
from schema_guard.sources.source import Source

if TYPE_CHECKING:
    from schema_guard.dialects.base import Session
    from schema_guard.history.table import History
    from schema_guard.remembered import Memory
    from schema_guard.sources.sqlalchemy.backfills import Backfill
    from schema_guard.sources.sqlalchemy.models import Models
    from schema_guard.sources.sqlalchemy.upserts import Upsert

__all__ = ["Configured"]


class Configured:
    """What Guard is made of; each method gives another guard, and this one stays as it is.

    Args:
        models: a MetaData, a declarative base, a Flask-SQLAlchemy `db`, a SQLModel class, or several of them.
        backfills: rows whose owner can be filled in from a related table.
        upserts: columns that the application names in ON CONFLICT (an Upsert, a column or a tuple of them): a missing
            UNIQUE there breaks it, where it otherwise weakens.
        policy: what may be done beyond the defaults.
        name: the application's name; guards of different applications on one database don't wait for each other.
        accept: keys of differences (or Acceptances, with a reason) that are left alone and are no part of the verdict.
        include: patterns of the tables that are guarded; without any, all are.
        exclude: patterns of what is not guarded: "audit.*", "index:legacy_*".

    Raises:
        TargetError: when `models` is none of these.
        ConfigurationError: when an upsert names something else than columns of one table, or `accept`, `include` or
            `exclude` is no such list.
    """

    _remembered = ""
    """Tells what is expected, where checks are remembered."""

    _logged = True
    """Whether apply tells the log what it does."""

    _withhold: Withhold | None = None
    _beside: Beside | None = None
    _history: History | None = None

    def __init__(
        self,
        models: Any,
        *,
        backfills: Sequence[Backfill] = (),
        upserts: Sequence[Any] = (),
        policy: Policy | None = None,
        name: str = "",
        accept: Sequence[str | Acceptance | Mapping[str, object]] = (),
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> None:
        # and with it SQLAlchemy, which a frozen file does not need
        from schema_guard.sources.sqlalchemy.source import source_of

        self.source: Source = source_of(models, backfills, upserts)
        self._kept = Kept(self.source)
        self.policy = policy or Policy()
        self.name = name
        with argument("accept"):
            self.accept = acceptances_of(accept)
        with argument("include") as origin:
            included = selectors_of(include, origin, INCLUDED)
        with argument("exclude") as origin:
            self.scope = Scope(included, selectors_of(exclude, origin))

    @classmethod
    def frozen(cls, path: str | Path, *, edited: bool = False) -> Self:
        """The guard of what a release expected when `schema-guard freeze` wrote the file: no model is imported.

        Args:
            path: of the file. It holds SQL that is run: trust it like code.
            edited: take it although it was edited by hand, so that its hash does not fit.

        Raises:
            ConfigurationError: it is not a frozen file, of another format, damaged, or edited.
        """
        document = read(Path(path), edited=edited)
        guard = cls.__new__(cls)
        guard.source = FrozenSource(document, str(path))
        guard._kept = Kept(guard.source)
        guard.policy, guard.name, guard.accept = document.policy, document.name, document.accept
        guard.scope = document.scope
        return guard

    @property
    def models(self) -> Models:
        """Where the models are registered. Raises ConfigurationError: the guard is of a frozen file."""
        return self.source.models

    @property
    def backfills(self) -> tuple[Backfill, ...]:
        """The declared backfills; none of a frozen file, which holds their SQL."""
        return getattr(self.source, "backfills", ())

    @property
    def upserts(self) -> tuple[Upsert, ...]:
        """The declared upserts; none of a frozen file, which holds their columns."""
        return getattr(self.source, "upserts", ())

    def changed(
        self, *, policy: Policy | None = None, accept: Sequence[Acceptance] = (), scope: Scope | None = None
    ) -> Self:
        """Another guard of the same application, with another policy, that accepts and excludes more."""
        other = copy(self)
        other.policy = policy or self.policy
        other._remembered = ""
        other.accept = (*accept, *self.accept)
        other.scope = self.scope if scope is None else scope.over(self.scope)
        return other

    def of(self, source: Source) -> Self:
        """Another guard, of other expectations, with the same policy; it accepts and excludes nothing."""
        other = copy(self)
        other.scope, other._remembered = Scope(), ""
        other.source, other._kept = source, Kept(source)
        other.accept, other._withhold, other._beside = (), None, None
        return other

    def _once(self) -> Self:
        """The same guard, which asks its models once; again when they have other tables, columns or classes."""
        if isinstance(self.source, Once):
            return self
        guard = copy(self)
        guard.source, guard._remembered = self._kept.once(), ""
        return guard

    def _again(self) -> Self:
        """The same from the second time on: most processes ask their models once, and then it would take longer."""
        return self if isinstance(self.source, Once | FrozenSource) or self._kept.first() else self._once()

    def withholding(self, withhold: Withhold) -> Self:
        """The same guard, which leaves those differences alone that `withhold` names."""
        guard = copy(self)
        guard._withhold, guard._remembered = withhold, ""
        return guard

    def silent(self) -> Self:
        """The same guard, whose apply neither logs nor records, for a scratch database."""
        guard = copy(self)
        guard._logged, guard._history = False, None
        return guard

    def recording(self, release: str | None = None) -> Self:
        """The same guard, whose apply writes what it did into the table schema_guard_history.

        Where nothing was to be done nothing is written. That it cannot be written is a warning of the report.

        Args:
            release: of the application; None takes what its host says (RENDER_GIT_COMMIT, HEROKU_SLUG_COMMIT, ..).
        """
        from schema_guard.history.table import History

        guard = copy(self)
        guard._history = History(release)
        return guard

    def beside(self, release: Configured | Source, name: str = "") -> Self:
        """The same guard, while another release runs on the same database.

        Repairs that could make that release's statements fail are held, and named: NOT NULL, CHECK, UNIQUE, FOREIGN
        KEY and exclusion constraints that it does not itself expect. All others run.

        Args:
            release: what that release expects, mostly `Guard.frozen(..)` of its file.
            name: how messages call it.
        """
        guard = copy(self)
        source = release.source if isinstance(release, Configured) else release
        guard._remembered = ""
        guard._beside = Beside(source, name or "another version")
        return guard

    def remembering(self, expectations: str = "") -> Self:
        """The same guard, whose checks of a PostgreSQL database remember there that it satisfied the expectations.

        The next check asks first whether the catalog is as it was. See docs/remembering.md: it makes one table. Models
        count as they are at the first check.

        Args:
            expectations: tells what is expected from all else; by default all that the file or the models and this
                guard say.

        Raises:
            ConfigurationError: another release runs on the same database (`beside`).
        """
        if self._beside is not None:
            raise ConfigurationError("what another release expects as well is not remembered: docs/remembering.md")
        guard = copy(self)
        frozen = isinstance(self.source, FrozenSource)
        if not frozen and not isinstance(self.source, Once):
            guard.source = Once(self.source)
        file = self.source.document.digest if isinstance(self.source, FrozenSource) else ""
        own = (file, self.policy, self.accept, self.scope)
        guard._remembered = expectations or digest_of("guard" if frozen else "models", program(), *own)
        return guard

    @property
    def _told(self) -> object:
        """How it was told to work; None where what it finds depends on others as well."""
        alone = self._withhold is None and self._beside is None
        return (self.policy, self.accept, self.scope) if alone else None

    def _memory(self, session: Session) -> Memory | None:
        """Where the answer of a check is kept; None where nothing can be, or shall be."""
        if not self._remembered:
            return None
        if not isinstance(self.source, Once):
            return session.memory(self._remembered)
        told = self.source.told(session.dialect)
        return session.memory(digest_of(self._remembered, told)) if told else None
