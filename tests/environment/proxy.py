"""A network that can fail: forwards TCP until it sees certain bytes, and then no more."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from enum import Enum
from types import TracebackType

__all__ = ["Failure", "Proxy"]


class Failure(Enum):
    SILENT = "the connections stay open, and nothing comes any more, as behind a dead router"
    HANGS_UP = "they are closed gracefully"
    RESETS = "they are broken off, as a firewall or a crashed host does"


class Proxy:
    """Listens on `port` of 127.0.0.1 while it is open.

    Args:
        server: the port that it forwards to.
        trigger: what a client sends; it still reaches the server, and nothing after it does.
        failure: what becomes of the connections then.
    """

    def __init__(self, server: int, trigger: bytes, failure: Failure) -> None:
        self._server = server
        self._trigger = trigger
        self._failure = failure
        self._failed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._failed.set()
        self._close()

    @property
    def failed(self) -> bool:
        return self._failed.is_set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                self._sockets += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=(source, target), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._failed.is_set():
                    continue  # read and thrown away: the sender takes it for delivered
                if self._trigger in data:
                    self._failed.set()
                    target.sendall(data)
                    if self._failure is not Failure.SILENT:
                        self._close()
                    continue
                target.sendall(data)

    def _close(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                if self._failure is Failure.RESETS:  # close then sends RST, not FIN (socket(7), SO_LINGER)
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    each.shutdown(socket.SHUT_RD)  # wakes who reads, and sends nothing
                else:
                    each.shutdown(socket.SHUT_RDWR)
            each.close()
