"""The command line: `demo` makes the bundled recording, `say` films one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from encoders.samples import NS_PER_S
from training.performer.delivery import PRESETS, Line
from training.performer.demo import DEMO
from training.performer.film import film
from training.performer.performance import perform
from training.performer.voice import VOICES, VoiceMissingError, speak

_DEMO_PATH = Path(__file__).parents[2] / "agent" / "demo.mp4"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when the film is written, 2 when it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m training.performer", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="make the bundled demo recording and its truth")
    demo.add_argument("--out", type=Path, default=_DEMO_PATH, metavar="FILE.mp4")
    say = commands.add_parser("say", help="film one line")
    say.add_argument("text")
    say.add_argument("--delivery", choices=sorted(PRESETS), default="neutral")
    say.add_argument("--voice", choices=VOICES, default=VOICES[0])
    say.add_argument("--seed", type=int, default=0)
    say.add_argument("--out", type=Path, required=True, metavar="FILE.mp4")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "demo":
            performance = perform(DEMO)
        else:
            line = Line(chosen.text, PRESETS[chosen.delivery])
            performance = perform((line,), seed=chosen.seed, say=lambda line: speak(line, chosen.voice))
        film(performance, chosen.out)
    except (OSError, ValueError, VoiceMissingError) as error:
        print(error, file=sys.stderr)
        return 2
    for spoken in performance.lines:
        start_s, end_s = spoken.interval.start_ns / NS_PER_S, spoken.interval.end_ns / NS_PER_S
        print(f"{start_s:6.2f}-{end_s:5.2f} s  {spoken.delivery.name:8} {spoken.text}")
    print(f"{chosen.out}: {performance.duration_ns / NS_PER_S:.2f} s, truth in {chosen.out.with_suffix('.json').name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
