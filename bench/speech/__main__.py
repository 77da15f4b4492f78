"""python -m bench.speech: measures the speech path beside the bare engine, and writes docs/speech.md.

Whole runs write the page; --quick and --set are for looking, and only print.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, fields, replace
from pathlib import Path

from bench.speech.corpora import Recording, conversation, grid_sentences, own_folder, read_speech
from bench.speech.engines import load
from bench.speech.report import conditions, engine_table, invented_table, write_page
from bench.speech.scores import Invented, Score, score_recording, score_speechless, warm
from bench.speech.speechless import speechless
from encoders.recognizer import Recognizer
from encoders.speech import SpeechSettings

_EVERY = 20


def main() -> None:
    options = _parser().parse_args()
    settings = _settings(options.set)
    body = [conditions(real_time=options.real_time, busy=options.busy)]
    results: dict[str, dict[str, list[dict[str, object]]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        recordings = _recordings(options, Path(scratch))
        for name in options.engine or ["moonshine"]:
            recognizer = load(name)
            warm(recognizer, recordings[0].read())
            scores = _hear_all(recognizer, recordings, settings, options)
            invented = (
                [] if options.quick or options.no_speechless else _invented(recognizer, settings, options.minutes)
            )
            results[recognizer.name] = {
                "recordings": [asdict(score) for score in scores],
                "speechless": [asdict(one) for one in invented],
            }
            body += ["", *engine_table(recognizer.name, scores)]
            body += ["", *invented_table(recognizer.name, invented)] if invented else []
    print("\n".join(body))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    if not (options.quick or options.set or options.no_speechless):
        write_page(body)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.speech", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", action="append", metavar="NAME", help="moonshine (default); may be repeated")
    parser.add_argument(
        "--audio",
        action="append",
        type=Path,
        default=[],
        metavar="DIR",
        help="a folder of NAME.wav (.flac, .mp3, .mp4 ...) beside NAME.txt, its words; may be repeated",
    )
    parser.add_argument(
        "--clips", type=Path, metavar="DIR", help="MUStARD's clips: a folder, or a bare clone with them"
    )
    parser.add_argument("--quick", action="store_true", help="the small corpora only; the page is left as it is")
    parser.add_argument("--real-time", action="store_true", help="play every recording at real time against the clock")
    parser.add_argument("--busy", action="store_true", help="count computing in processor time: others work here too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of every recording there")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=S", help="try a speech setting, in seconds")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each sound without speech (default 10)")
    parser.add_argument("--no-speechless", action="store_true", help="leave out the sounds without speech")
    return parser


def _settings(assignments: list[str]) -> SpeechSettings:
    known = {field.name for field in fields(SpeechSettings)}
    changes = {}
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        if name not in known:
            raise SystemExit(f"there is no speech setting {name}; there are {', '.join(sorted(known))}")
        try:
            changes[name] = float(value)
        except ValueError:
            raise SystemExit(f"{assignment} is not a number of seconds; try: --set step_s=1.0") from None
    return replace(SpeechSettings(), **changes)


def _recordings(options: argparse.Namespace, scratch: Path) -> list[Recording]:
    recordings = [*read_speech(), *grid_sentences()]
    try:
        for folder in options.audio:
            recordings += own_folder(folder)
        if options.clips and not options.quick:
            recordings += conversation(options.clips, scratch)
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from error
    if not recordings:
        raise SystemExit("there is nothing to hear: ../shared/data/speech is absent; try: --audio DIR")
    return recordings


def _hear_all(
    recognizer: Recognizer, recordings: list[Recording], settings: SpeechSettings, options: argparse.Namespace
) -> list[Score]:
    scores = []
    for number, recording in enumerate(recordings, 1):
        scores.append(score_recording(recognizer, recording, settings, real_time=options.real_time, busy=options.busy))
        if number % _EVERY == 0 or number == len(recordings):
            print(f"{recognizer.name}: {number} of {len(recordings)} recordings", file=sys.stderr, flush=True)
    return scores


def _invented(recognizer: Recognizer, settings: SpeechSettings, minutes: float) -> list[Invented]:
    invented = []
    for sound in speechless(minutes):
        invented.append(score_speechless(recognizer, sound, settings))
        print(f"{recognizer.name}: {minutes:.0f} minutes of {sound.name}", file=sys.stderr, flush=True)
    return invented


if __name__ == "__main__":
    main()
