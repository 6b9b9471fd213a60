"""Whose something is: a user's, or an anonymous visitor's. Every query for a person's things begins here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Select, and_, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from mdraft.models import Conversion, Proposal, now

__all__ = ["Owner", "claim", "conversions_of", "proposals_of"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Exactly one of both is there: a user who is logged in owns as a user alone."""

    user_id: int | None = None
    visitor: str | None = None

    def __post_init__(self) -> None:
        if (self.user_id is None) is (self.visitor is None):
            raise ValueError("an owner is a user or a visitor")

    def columns(self, anonymous_for: timedelta) -> dict[str, int | str | datetime | None]:
        """What a new row of this owner holds; a visitor's expires."""
        return {
            "user_id": self.user_id,
            "visitor_session_id": self.visitor,
            "expires_at": None if self.visitor is None else now() + anonymous_for,
        }

    def has(
        self, user_id: InstrumentedAttribute[int | None], visitor: InstrumentedAttribute[str | None]
    ) -> ColumnElement[bool]:
        if self.user_id is not None:
            return user_id == self.user_id
        return and_(visitor == self.visitor, user_id.is_(None))  # what was claimed is the user's alone


def _in_time(expires_at: InstrumentedAttribute[datetime | None]) -> ColumnElement[bool]:
    """What has expired is gone, whether or not it has been removed."""
    return or_(expires_at.is_(None), expires_at > now())


def proposals_of(owner: Owner) -> Select[Any]:
    """The owner's proposals, newest first."""
    mine = owner.has(Proposal.user_id, Proposal.visitor_session_id)
    newest = Proposal.created_at.desc(), Proposal.id.desc()
    return select(Proposal).where(mine, _in_time(Proposal.expires_at)).order_by(*newest)


def conversions_of(owner: Owner) -> Select[Any]:
    """The owner's conversions, newest first: their own, and those of their proposals."""
    own = and_(owner.has(Conversion.user_id, Conversion.visitor_session_id), _in_time(Conversion.expires_at))
    through = Conversion.proposal_id.in_(proposals_of(owner).with_only_columns(Proposal.id).order_by(None))
    newest = Conversion.created_at.desc(), Conversion.id.desc()
    return select(Conversion).where(or_(own, through)).order_by(*newest)


def claim(session: Session, visitor: str, user_id: int) -> int:
    """Give the user what the visitor made; it no longer expires. Returns how many rows that was."""
    claimed = 0
    for model in (Proposal, Conversion):
        mine = and_(model.visitor_session_id == visitor, model.user_id.is_(None), _in_time(model.expires_at))
        values = {"user_id": user_id, "visitor_session_id": None, "expires_at": None}
        found = session.execute(update(model).where(mine).values(values).execution_options(synchronize_session=False))
        claimed += cast(CursorResult[Any], found).rowcount
    return claimed
