"""What the worker does: takes a conversion from QUEUED by way of PROCESSING to COMPLETED or FAILED."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from huey import Huey, crontab
from sqlalchemy import Engine, create_engine, func, select, update
from sqlalchemy.orm import Session

from mdraft.convert import ConversionError, to_markdown
from mdraft.models import Conversion, Job, ProposalDocument, Requirement, now
from mdraft.queue import Documents, make_queue
from mdraft.requirements import find_requirements
from mdraft.settings import Settings

__all__ = ["Work"]

log = logging.getLogger("mdraft.work")


class Work:
    """The queue with its tasks. The web process puts in, the worker process takes out.

    Attributes:
        convert: enqueues the conversion of that id.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.queue: Huey = make_queue(settings)
        self.documents = Documents(self.queue)
        self._engine: Engine | None = None
        self.convert: Callable[[str], object] = self.queue.task(name="convert", retries=2, retry_delay=5)(self._convert)
        self.queue.periodic_task(crontab(minute="*/5"), name="resume")(self._resume)

    @property
    def engine(self) -> Engine:
        """The worker's own; made when it is first asked for, since the web process has another."""
        if self._engine is None:
            self._engine = create_engine(self.settings.database_url, pool_pre_ping=True)
        return self._engine

    def _convert(self, conversion_id: str) -> None:
        with Session(self.engine) as session:
            conversion = session.get(Conversion, conversion_id)
            if conversion is None or conversion.status in ("COMPLETED", "FAILED"):
                return  # removed in the meantime, or delivered twice
            content = self.documents.get(conversion_id)
            mime = conversion.original_mime or ""
            _put_state(session, conversion, "PROCESSING")
        markdown, error = self._outcome(content, mime)
        with Session(self.engine) as session:
            conversion = session.get(Conversion, conversion_id)
            if conversion is not None:
                conversion.markdown, conversion.error = markdown, error
                if markdown is not None:
                    _into_proposal(session, conversion, markdown)
                _put_state(session, conversion, "COMPLETED" if error is None else "FAILED")
        self.documents.forget(conversion_id)
        log.info("conversion %s: %s", conversion_id, error or "completed")

    def _outcome(self, content: bytes | None, mime: str) -> tuple[str | None, str | None]:
        if content is None:
            return None, "The document is no longer there; please send it again."
        try:
            return to_markdown(content, mime, self.settings.conversion_limit), None
        except ConversionError as error:
            return None, str(error)

    def _resume(self) -> None:
        """Conversions whose worker died: nobody has touched them for longer than one may take."""
        stale = now() - timedelta(seconds=2 * self.settings.conversion_limit)
        waiting = select(Conversion.id).where(
            Conversion.status.in_(["QUEUED", "PROCESSING"]), Conversion.updated_at < stale
        )
        with Session(self.engine) as session:
            for conversion_id in session.scalars(waiting.limit(100)):
                self.convert(conversion_id)


def _put_state(session: Session, conversion: Conversion, status: str) -> None:
    """The conversion's state, and that of the user's job for it. Commits."""
    conversion.status = status
    times = {"PROCESSING": {"started_at": now()}}.get(status, {"completed_at": now()})
    job = {"PROCESSING": "running"}.get(status, status.lower())
    session.execute(
        update(Job)
        .where(Job.gcs_uri == conversion.stored_uri)
        .values(status=job, error_message=conversion.error, **times)
        .execution_options(synchronize_session=False)
    )
    session.commit()


def _into_proposal(session: Session, conversion: Conversion, markdown: str) -> None:
    """The proposal's document gets its text, the proposal the requirements found in it."""
    document = session.scalar(select(ProposalDocument).where(ProposalDocument.gcs_uri == conversion.stored_uri))
    if document is None or document.parsed_text is not None:
        return
    document.parsed_text = markdown
    mine = Requirement.proposal_id == document.proposal_id
    number = session.scalar(select(func.count()).select_from(Requirement).where(mine)) or 0
    for position, found in enumerate(find_requirements(markdown), start=number + 1):
        session.add(
            Requirement(
                proposal_id=document.proposal_id,
                requirement_id=f"R-{position}",
                requirement_text=found.text,
                section_ref=found.section,
                source_document=document.filename,
            )
        )
