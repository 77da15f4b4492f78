"""deadpan config: shows the settings in force and where each comes from, or checks a file."""

from __future__ import annotations

import argparse
import os
import sys

from agent.config import Config
from agent.settings import gather, keys, shown, value
from agent.stream.publisher import check_publishing


def perform(options: argparse.Namespace) -> int:
    """Show or check. Raises ConfigError, or PublishError, for what cannot be used."""
    if options.action == "show":
        sys.stdout.write(shown(gather(options.config, os.environ)))
        return 0
    settings = gather(options.file, os.environ)
    publish = settings.config.publish
    check_publishing(publish.endpoint, publish.keys_folder, publish.bus)
    print(f"{options.file}: ok")
    for key, _ in keys():
        if (chosen := value(settings.config, key)) != (usual := value(Config(), key)):
            print(f"{key}: {chosen} (default {usual}), {settings.origins[key]}")
    return 0
