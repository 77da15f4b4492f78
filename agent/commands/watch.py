"""deadpan watch: shows another process's stream. Needs the client's packages only."""

from __future__ import annotations

import argparse
import sys

from agent import screen
from deadpan.messages import Estimate
from deadpan.subscription import subscribe

_FIRST_S, _PATIENCE_S = 1.0, 2.0  # an agent that is there answers at once, and then is heard once a second at least


def perform(options: argparse.Namespace) -> int:
    """Show messages until enough estimates have come, or until interrupted. Raises StreamError when it cannot."""
    view = screen.view(json=options.json, revisions=options.revisions)
    shown = 0
    told = False
    with subscribe(options.endpoint, types=view.types, stream=options.stream, key=options.key) as subscription:
        try:
            while options.count is None or shown < options.count:
                message = subscription.receive(_PATIENCE_S if shown else _FIRST_S)
                if message is not None:
                    view.show(message)
                    shown += isinstance(message, Estimate) and message.revision == 0
                elif not told:
                    yet = "any more" if shown else "yet"
                    view.close()
                    print(f"Nothing is published at {options.endpoint} {yet}; waiting (Ctrl-C ends).", file=sys.stderr)
                told = message is None
        finally:
            view.close()
    return 0
