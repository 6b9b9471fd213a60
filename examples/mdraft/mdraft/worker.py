"""The worker process: `huey_consumer mdraft.worker.huey`."""

from __future__ import annotations

from mdraft.settings import settings
from mdraft.work import Work

huey = Work(settings()).queue
