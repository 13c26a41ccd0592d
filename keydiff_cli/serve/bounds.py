"""What a server lets its clients take: bytes, places in the queue, time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """Bounds of one server.

    Attributes
    ----------
    upload
        Bytes of a file that is sent.
    uploads
        Bytes of all files that were sent.
    message
        Bytes of the body of any other request.
    queue
        Questions that may wait.
    seconds
        From when a question has come until it has its answer.
    head_seconds
        For the head of a request, and for each further piece of its body, to come.
    grace
        Seconds that the answer on its way has when the server ends.
    connections
        Connections that may be open.
    """

    upload: int = 100 * 10**6
    uploads: int = 10 * 10**9
    message: int = 10**6
    queue: int = 64
    seconds: float = 3600
    head_seconds: float = 10
    grace: float = 20
    connections: int = 256
