"""Those who publish and those who listen, each a process of its own: what a published message takes to arrive.

    python -m bench.audience deadpan|bare ENDPOINT         publish at 5 Hz until ended
    python -m bench.audience crowd ENDPOINT COUNT MESSAGES listen on COUNT sockets to so many messages each
    python -m bench.audience client ENDPOINT SECONDS       listen as a Python program does, with deadpan.subscribe

What was measured is printed as JSON: delays in milliseconds, or a share of a core.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable

import msgspec
import zmq

import deadpan
from deadpan.messages import to_json, topic

_PERIOD_S = 0.2


class _Stamp(msgspec.Struct):
    published_ns: int


def publish_through_deadpan(endpoint: str) -> None:
    """The agent's own publisher, without the agent."""
    from agent.stream.publisher import Publisher
    from tests.deadpan.sent import every_type

    publisher = Publisher(endpoint)
    welcome = every_type()[-1]

    def publish(message: deadpan.Message) -> None:
        publisher.greet_newcomers(lambda: welcome)
        publisher.publish(message)

    _publish(publish)


def publish_bare(endpoint: str) -> None:
    """The same bytes through a PUB socket with nothing around it."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.PUB)
    socket.bind(endpoint)
    _publish(lambda message: socket.send_multipart([topic("default", "estimate"), to_json(message)]))


def listen_as_crowd(endpoint: str, count: int, messages: int) -> list[float]:
    """Many bare sockets; prints `ready` when each has heard something, then the delays of what follows."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    poller = zmq.Poller()
    waiting = {}
    for _ in range(count):
        socket = context.socket(zmq.SUB)
        socket.connect(endpoint)
        socket.subscribe(topic("default", "estimate"))
        poller.register(socket, zmq.POLLIN)
        waiting[socket] = messages + 1
    heard: list[tuple[int, bytes]] = []
    newest: dict[zmq.Socket[bytes], bytes] = {}
    silent = count
    while waiting:
        for socket, _ in poller.poll():
            _, body = socket.recv_multipart()
            if body == newest.get(socket):  # the last value, sent again for another who came later: of a tick ago
                continue
            newest[socket] = body
            heard.append((time.monotonic_ns(), body))
            silent -= waiting[socket] == messages + 1
            waiting[socket] -= 1
            if not waiting[socket]:
                poller.unregister(socket)
                del waiting[socket]
        if not silent:
            silent = -1
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            heard.clear()
    context.destroy(linger=0)
    stamps = msgspec.json.Decoder(_Stamp)
    return [(received_ns - stamps.decode(body).published_ns) / 1e6 for received_ns, body in heard]


def listen_as_client(endpoint: str, seconds: float) -> float:
    """The share of a core that an ordinary subscriber takes."""
    with deadpan.subscribe(endpoint, types=("estimate",), timeout_s=30) as subscription:
        messages = iter(subscription)
        next(messages)
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        for _ in messages:
            if time.monotonic() - began_s >= seconds:
                break
        return (time.process_time() - began_cpu_s) / (time.monotonic() - began_s)


def _publish(publish: Callable[[deadpan.Message], object]) -> None:
    from tests.deadpan.sent import estimate

    due_s = time.monotonic()
    for seq in itertools.count():
        publish(msgspec.structs.replace(estimate(seq), published_ns=time.monotonic_ns()))
        due_s += _PERIOD_S
        time.sleep(max(0.0, due_s - time.monotonic()))


def main() -> None:
    role, endpoint, *numbers = sys.argv[1:]
    match role:
        case "deadpan":
            publish_through_deadpan(endpoint)
        case "bare":
            publish_bare(endpoint)
        case "crowd":
            print(json.dumps(listen_as_crowd(endpoint, *map(int, numbers))))
        case "client":
            print(json.dumps(listen_as_client(endpoint, float(numbers[0]))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
