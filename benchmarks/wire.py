"""Count what a client sends to PostgreSQL: a way through to the server that adds up bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlencode

from psycopg.conninfo import conninfo_to_dict


@dataclass(slots=True)
class Count:
    """Bytes that clients have sent so far."""

    sent: int = 0


@contextmanager
def counted(url: str) -> Iterator[tuple[str, Count]]:
    """A URL that leads to the database of `url` by way of this process, and the count of what goes there."""
    parameters = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    count = Count()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener, parameters, count), daemon=True).start()
        way = {**parameters, "host": "127.0.0.1", "port": str(listener.getsockname()[1])}
        yield f"postgresql:///{way.pop('dbname')}?{urlencode(way)}", count


def accept(listener: socket.socket, parameters: dict[str, str], count: Count) -> None:
    """Join every client with a connection of its own to the server, until the listener is closed."""
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = to_server(parameters)
            for source, target, counting in ((client, server, count), (server, client, Count())):
                threading.Thread(target=pump, args=(source, target, counting), daemon=True).start()


def to_server(parameters: dict[str, str]) -> socket.socket:
    host, port = parameters.get("host", "127.0.0.1"), parameters.get("port", "5432")
    if not host.startswith("/"):
        return socket.create_connection((host, int(port)))
    server = socket.socket(socket.AF_UNIX)
    server.connect(f"{host}/.s.PGSQL.{port}")
    return server


def pump(source: socket.socket, target: socket.socket, count: Count) -> None:
    """Pass on what comes until either end closes."""
    with suppress(OSError):
        while data := source.recv(1 << 16):
            count.sent += len(data)
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
