"""What `schema-guard check mdraft.guard:guard` looks at: mdraft's models, and how a conversion finds its owner."""

from __future__ import annotations

from mdraft.models import Base, Conversion, Proposal
from schema_guard import Backfill, Guard

guard = Guard(
    Base.metadata,
    backfills=[
        # Only rows that have neither; a conversion with an owner keeps it.
        Backfill(
            Conversion,
            {
                Conversion.user_id: Proposal.user_id,
                Conversion.visitor_session_id: Proposal.visitor_session_id,
            },
            on=Conversion.proposal_id == Proposal.id,
        )
    ],
    name="mdraft",
)
