"""Labelled recordings in, the weights with which fusion heeds a plug-in's modality out, if they are worth having.

    python -m training.plug_in heart --recordings talks --labels talks/labels.csv --out heart.json

Beside each recording, as talk.heart.csv beside talk.mp4, lies what the plug-in reads. The table of labels is that of
docs/training.md. Where people that were held out are not judged better with the weights, it says so and writes nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from agent.errors import DeadpanError
from agent.plug_ins.declaration import load as declared
from agent.plug_ins.roster import Plugged, Roster
from encoders.samples import Modality
from fusion.shipped import load
from fusion.term import save
from training.clips.corpora import Clip, read_folder
from training.plug_in.examples import observe
from training.plug_in.fit import fit


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.plug_in", description=__doc__.splitlines()[0])
    parser.add_argument("modality", help="the plug-in's, as installed")
    parser.add_argument("--recordings", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--labels", type=Path, required=True, metavar="CSV", help="file,sarcasm,speaker: docs/training.md"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="where the weights go")
    parser.add_argument("--anyway", action="store_true", help="write them even where there is no gain")
    chosen = parser.parse_args()
    roster = Roster({}, isolated=False)

    def plug(recording: Path) -> Plugged | None:
        return next((each for each in roster.of(recording) if each.name == chosen.modality), None)

    clips = read_folder(chosen.recordings, chosen.labels)
    try:
        examples = observe(clips, plug, load(), _tell)
        version, names = _version(examples.features.tobytes()), declared(chosen.modality).names
        fitted = fit(examples, Modality(chosen.modality), version, names)
    except (DeadpanError, ValueError) as error:
        print(f"{error}", file=sys.stderr)
        return 1
    print(f"{len(examples)} utterances; {fitted}")
    if not fitted.gains:
        print(f"No gain: the {chosen.modality} told nothing of sarcasm here that face, voice and words had not told.")
    if not (fitted.gains or chosen.anyway):
        return 1
    save(fitted.term, chosen.out)
    print(f"-> {chosen.out}")
    return 0


def _tell(clip: Clip) -> None:
    print(f"heard {clip.key}", file=sys.stderr)


def _version(learnt_from: bytes) -> str:
    """A name for weights by what they were fitted on."""
    return hashlib.sha256(learnt_from).hexdigest()[:6]


if __name__ == "__main__":
    sys.exit(main())
