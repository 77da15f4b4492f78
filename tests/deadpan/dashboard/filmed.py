"""A camera's process as the page's server knows it, without the process: it answers each question with a picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import zmq


@contextmanager
def camera(address: str, jpeg: bytes, now_ns: Callable[[], int] | None = None) -> Iterator[list[bytes]]:
    """Answer at an address for as long as the block lasts; the questions that have come.

    `now_ns` is the session's clock; without it, time is the number of the question.
    """
    asked: list[bytes] = []
    ended = threading.Event()

    def answer() -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        socket = context.socket(zmq.ROUTER)
        socket.bind(address)
        while not ended.is_set():
            if socket.poll(10):
                asker, question = socket.recv_multipart()
                asked.append(question)
                pts_ns = len(asked) if now_ns is None else now_ns()
                socket.send_multipart((asker, str(pts_ns).encode(), jpeg))
        context.destroy(linger=0)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield asked
    finally:
        ended.set()
        thread.join()
