"""Where a session publishes in, how it is out: what it last said of itself."""

from __future__ import annotations

from agent.config import PublishConfig
from agent.stream.endpoint import reachable
from agent.stream.keyring import own_key
from deadpan.errors import StreamError
from deadpan.messages import Health
from deadpan.subscription import subscribe

_PATIENCE_S = 3.0  # it tells newcomers at once, and everybody once a second


def present(publish: PublishConfig) -> Health | None:
    """The health of the session that publishes there; None when none does, or none that we may listen to."""
    key = None if publish.keys_folder is None else own_key(publish.keys_folder)
    try:
        with subscribe(reachable(publish.endpoint), types=("health",), stream=publish.stream, key=key) as subscription:
            message = subscription.receive(_PATIENCE_S)
    except StreamError:
        return None
    return message if isinstance(message, Health) else None
