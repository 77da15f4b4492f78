"""Messages in, published to whoever holds a key: an agent's secured socket without the agent."""

from __future__ import annotations

import threading
from pathlib import Path

import zmq

from deadpan import keys


class Guarded:
    """A publisher that asks for keys, and lets in whom it is told to."""

    def __init__(self, *, admits: bool, with_keys: bool = True) -> None:
        self.public, secret = zmq.curve_keypair()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._door = self._context.socket(zmq.REP)
        self._door.bind("inproc://zeromq.zap.01")  # ZeroMQ RFC 27
        self.admits = admits
        threading.Thread(target=self._keep, daemon=True).start()
        self.socket = self._context.socket(zmq.XPUB)
        if with_keys:
            self.socket.setsockopt(zmq.CURVE_SERVER, 1)
            self.socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
        self.socket.setsockopt_string(zmq.ZAP_DOMAIN, "test")
        self.endpoint = f"tcp://127.0.0.1:{self.socket.bind_to_random_port('tcp://127.0.0.1')}"

    def close(self) -> None:
        self.socket.close(linger=0)
        self._context.term()  # ends the doorkeeper, who closes his own socket

    def _keep(self) -> None:
        try:
            while True:
                version, number, *_ = self._door.recv_multipart()
                self._door.send_multipart([version, number, b"200" if self.admits else b"400", b"", b"", b""])
        except zmq.ZMQError:
            self._door.close()


def key_file(folder: Path, agent_public: bytes) -> Path:
    """A subscriber's key for the agent that has this public key."""
    public, secret = zmq.curve_keypair()
    path = folder / "phone.key"
    path.touch(mode=0o600)
    path.write_bytes(keys.written(keys.Keys(agent_public, public, secret)))
    return path
