"""`flask cleanup`: removes what anonymous visitors left behind and nobody claimed in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from mdraft.models import Conversion, Proposal, ProposalDocument, Requirement, now

__all__ = ["remove_expired"]


def remove_expired(session: Session, batch: int = 500) -> tuple[int, int]:
    """Remove expired proposals and conversions, each batch in a short transaction of its own.

    Returns:
        How many proposals and how many conversions were removed.
    """
    proposals = conversions = 0
    expired = select(Proposal.id).where(Proposal.user_id.is_(None), Proposal.expires_at < now())
    while ids := session.scalars(expired.order_by(Proposal.id).limit(batch)).all():
        conversions += _remove_with_dependents(session, ids)
        session.commit()
        proposals += len(ids)
    alone = select(Conversion.id).where(Conversion.user_id.is_(None), Conversion.expires_at < now())
    while found := session.scalars(alone.order_by(Conversion.id).limit(batch)).all():
        session.execute(delete(Conversion).where(Conversion.id.in_(found)))
        session.commit()
        conversions += len(found)
    return proposals, conversions


def _remove_with_dependents(session: Session, proposals: Sequence[int]) -> int:
    """The foreign keys have no actions: what refers to a proposal goes first. A user's conversion only leaves it."""
    session.execute(delete(Requirement).where(Requirement.proposal_id.in_(proposals)))
    session.execute(delete(ProposalDocument).where(ProposalDocument.proposal_id.in_(proposals)))
    inside = Conversion.proposal_id.in_(proposals)
    session.execute(update(Conversion).where(inside, Conversion.user_id.is_not(None)).values(proposal_id=None))
    removed = cast(CursorResult[Any], session.execute(delete(Conversion).where(inside))).rowcount
    session.execute(delete(Proposal).where(Proposal.id.in_(proposals)))
    return removed
