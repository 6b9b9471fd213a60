"""The queue between web and worker. It also carries the documents: on most hosts the two share no disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdraft.settings import Settings, SettingsError

if TYPE_CHECKING:
    from huey import Huey

__all__ = ["Documents", "make_queue"]


def make_queue(settings: Settings) -> Huey:
    """A queue on Redis, or in a file where there is no server. Its messages are signed, for they are pickles.

    Raises:
        SettingsError: QUEUE_URL names neither.
    """
    from huey import RedisHuey, SqliteHuey
    from huey.serializer import SignedSerializer

    serializer = SignedSerializer(secret=settings.secret_key, salt="mdraft.queue")
    if settings.queue.startswith(("redis://", "rediss://", "unix://")):
        return RedisHuey("mdraft", url=settings.queue, serializer=serializer, results=False)
    if settings.queue.startswith("sqlite:///"):
        file = settings.queue.removeprefix("sqlite:///")
        return SqliteHuey("mdraft", filename=file, serializer=serializer, results=False, timeout=30)
    raise SettingsError("QUEUE_URL begins with redis:// (or rediss://, or sqlite:/// and a file)")


class Documents:
    """The documents that wait for their conversion, by their conversion's id."""

    def __init__(self, queue: Huey) -> None:
        self._storage = queue.storage

    def put(self, conversion: str, content: bytes) -> str:
        """Keep it; returns the address to be stored with the conversion."""
        self._storage.put_data(self._key(conversion), content)
        return f"queue:{conversion}"

    def get(self, conversion: str) -> bytes | None:
        found = self._storage.peek_data(self._key(conversion))
        return found if isinstance(found, bytes) else None

    def forget(self, conversion: str) -> None:
        self._storage.pop_data(self._key(conversion))

    def _key(self, conversion: str) -> str:
        return f"document:{conversion}"
