"""A migration chain as data: revisions and how they follow each other. Pure; knows neither files nor databases."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

__all__ = ["Chain", "Revision"]


PARTIAL = 4
"""How long an id has to be so that Alembic finds it by its beginning."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision file. `lines` holds where each of its module's variables is set, 1 being the first line."""

    id: str
    down: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    doc: str = ""
    empty: bool = False
    """upgrade() does nothing: a merge, or a placeholder."""

    def line(self, variable: str) -> int:
        return self.lines.get(variable, 0)


@dataclass(frozen=True)
class Chain:
    """The revisions in the order in which their files were read; of several with one id the first counts."""

    files: tuple[Revision, ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Revision]:
        found: dict[str, Revision] = {}
        for revision in self.files:
            found.setdefault(revision.id, revision)
        return found

    @cached_property
    def by_label(self) -> dict[str, str]:
        return {label: revision.id for revision in self.files for label in revision.labels if label not in self}

    def __len__(self) -> int:
        return len(self.by_id)

    def __contains__(self, id_: object) -> bool:
        return id_ in self.by_id

    def meant_by(self, written: str) -> str:
        """The revision that a row of alembic_version means; as it is written where it means none of these.

        Alembic reads the beginning of an id as the id, and adds a second row when it goes on from there. Another case
        it does not find. "head" and "base" it reads as what they stand for today, which says nothing: empty.
        """
        if written in self:
            return written
        if written in ("head", "heads", "base"):
            return ""
        alike = [id_ for id_ in self.by_id if id_.lower() == written.lower()]
        alike = alike or [id_ for id_ in self.by_id if len(id_) >= PARTIAL and id_.startswith(written)]
        return alike[0] if len(alike) == 1 else written

    def parents(self, id_: str) -> tuple[str, ...]:
        """What it follows and what it depends on, as far as files are there; labels stand for their revision."""
        revision = self.by_id[id_]
        return self._known((*revision.down, *revision.depends))

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        named = (self.by_label.get(name, name) for name in names)
        return tuple(name for name in dict.fromkeys(named) if name in self.by_id)

    @cached_property
    def children(self) -> dict[str, tuple[str, ...]]:
        """By revision: those whose down_revision names it."""
        found: dict[str, list[str]] = {id_: [] for id_ in self.by_id}
        for revision in self.by_id.values():
            for name in revision.down:
                if name in found and revision.id not in found[name]:
                    found[name].append(revision.id)
        return {id_: tuple(children) for id_, children in found.items()}

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """Revisions that nothing follows."""
        return tuple(id_ for id_, children in self.children.items() if not children)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        return tuple(id_ for id_, revision in self.by_id.items() if not revision.down)

    def upto(self, ids: Iterable[str]) -> frozenset[str]:
        """These revisions and everything that has to run before them."""
        return self._above(ids, self.parents)

    def lineage(self, ids: Iterable[str]) -> frozenset[str]:
        """These revisions and everything that they follow: their branches. A branch label does not cross depends_on."""
        return self._above(ids, lambda id_: self._known(self.by_id[id_].down))

    def _above(self, ids: Iterable[str], parents: Callable[[str], Iterable[str]]) -> frozenset[str]:
        seen: set[str] = set()
        waiting = [id_ for id_ in ids if id_ in self.by_id]
        while waiting:
            id_ = waiting.pop()
            if id_ not in seen:
                seen.add(id_)
                waiting.extend(parents(id_))
        return frozenset(seen)

    def heads_of(self, ids: Collection[str]) -> tuple[str, ...]:
        """What alembic_version holds when exactly these revisions ran."""
        return tuple(id_ for id_ in self.order if id_ in ids and not any(c in ids for c in self.children[id_]))

    @cached_property
    def cycle(self) -> tuple[str, ...]:
        """Revisions that wait for each other, empty when there are none."""
        left = {id_: set(self.parents(id_)) for id_ in self.by_id}
        while ready := [id_ for id_, parents in left.items() if not parents]:
            for id_ in ready:
                del left[id_]
            for parents in left.values():
                parents.difference_update(ready)
        return self._loop_in(left)

    @staticmethod
    def _loop_in(left: Mapping[str, Collection[str]]) -> tuple[str, ...]:
        """Walk upwards from any revision that never became ready until one comes twice."""
        if not left:
            return ()
        path = [min(left)]
        while True:
            above = min(left[path[-1]])
            if above in path:
                return tuple(path[path.index(above) :])
            path.append(above)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Every revision after those it follows; along one branch as long as possible. Without what is in a cycle."""
        done: dict[str, None] = {}
        left = dict.fromkeys(self.by_id)
        ready = [id_ for id_ in left if not self.parents(id_)]
        while ready:
            id_ = ready.pop()
            if id_ in done:
                continue
            done[id_] = None
            waiting = [c for c in self._followers[id_] if c not in done and all(p in done for p in self.parents(c))]
            ready.extend(reversed(waiting))
        return tuple(done)

    @cached_property
    def _followers(self) -> dict[str, list[str]]:
        """By revision: those that follow it or depend on it."""
        found: dict[str, list[str]] = {id_: [] for id_ in self.by_id}
        for id_ in self.by_id:
            for parent in self.parents(id_):
                found[parent].append(id_)
        return found
