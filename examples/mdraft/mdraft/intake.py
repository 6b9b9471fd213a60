"""What pages and API do alike: start a proposal, take a document in."""

from __future__ import annotations

from sqlalchemy.orm import Session

from mdraft.documents import Document
from mdraft.models import Conversion, Job, Proposal, ProposalDocument, new_id
from mdraft.owner import Owner
from mdraft.settings import Settings
from mdraft.text import typed
from mdraft.work import Work

__all__ = ["start_proposal", "take_document"]


def start_proposal(
    session: Session, owner: Owner, settings: Settings, name: object, description: object = None
) -> Proposal:
    """A new proposal of this owner, committed. Raises ValueError with a sentence for the person."""
    proposal = Proposal(
        name=typed(name, "The name", 255),
        description=typed(description, "The description", 20_000, optional=True),
        **owner.columns(settings.anonymous_for),
    )
    session.add(proposal)
    session.commit()
    return proposal


def take_document(
    session: Session, owner: Owner, settings: Settings, work: Work, document: Document, proposal: Proposal | None
) -> Conversion:
    """Keep the document, note who wants it converted and hand it to the worker.

    Args:
        proposal: one of the owner's, or None.
    """
    conversion = Conversion(
        id=new_id(),
        filename=document.filename,
        proposal_id=None if proposal is None else proposal.id,
        sha256=document.sha256,
        original_mime=document.mime,
        original_size=len(document.content),
        **owner.columns(settings.anonymous_for),
    )
    conversion.stored_uri = work.documents.put(conversion.id, document.content)
    session.add(conversion)
    if proposal is not None:
        kind = "request" if "rfp" in document.filename.lower() else "annex"
        session.add(
            ProposalDocument(
                proposal_id=proposal.id,
                filename=document.filename,
                document_type=kind,
                gcs_uri=conversion.stored_uri,
            )
        )
    if owner.user_id is not None:
        session.add(Job(user_id=owner.user_id, filename=document.filename, gcs_uri=conversion.stored_uri))
    try:
        session.commit()
    except BaseException:
        work.documents.forget(conversion.id)
        raise
    work.convert(conversion.id)  # after the commit: the worker has to find the row
    return conversion
