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
from typing import TYPE_CHECKING, TypeVar

from bench.speech.corpora import Recording, conversation, grid_sentences, own_folder, read_speech
from bench.speech.engines import load, present
from bench.speech.report import conditions, engine_table, invented_table, write_page
from bench.speech.scores import Invented, Score, score_recording, score_speechless, warm
from bench.speech.speechless import speechless
from encoders.speech.recognizer import Recognizer
from encoders.speech.stream import SpeechSettings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_EVERY = 20
_ENGINE_HELP = (
    "moonshine, whisper[:MODEL or :PATH], faster-whisper[...]; may be repeated; default: all with weights here"
)


Settings = TypeVar("Settings", bound="DataclassInstance")


def main() -> None:
    options = _parser().parse_args()
    settings = _settings(options.set)
    body = [conditions(real_time=options.real_time, busy=options.busy)]
    results: dict[str, dict[str, list[dict[str, object]]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        recordings = _recordings(options, Path(scratch))
        for name in options.engine or present():
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
    parser.add_argument("--engine", action="append", metavar="NAME", help=_ENGINE_HELP)
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
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="try a speech setting, for instance step_s=1.0"
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="of each sound without speech (default 10)")
    parser.add_argument("--no-speechless", action="store_true", help="leave out the sounds without speech")
    return parser


def _settings(assignments: list[str]) -> SpeechSettings:
    settings = SpeechSettings()
    for assignment in assignments:
        path, _, value = assignment.partition("=")
        try:
            settings = _replaced(settings, path.split("."), float(value))
        except ValueError as error:
            raise SystemExit(f"--set {assignment}: {error}; try: --set step_s=1.0") from error
    return settings


def _replaced(settings: Settings, path: list[str], value: float) -> Settings:
    """Settings with one value exchanged; a path of two names reaches into a group of them."""
    names = sorted(field.name for field in fields(settings))
    if path[0] not in names:
        raise ValueError(f"there is no speech setting {path[0]}, there are {', '.join(names)}")
    if len(path) == 1:
        return replace(settings, **{path[0]: value})
    return replace(settings, **{path[0]: _replaced(getattr(settings, path[0]), path[1:], value)})


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
