"""Train, export and measure the tiny Whisper that proves both engines: `python -m training.whisper`.

It needs the programs flite and espeak-ng. Spoken words and finished stages are kept under .training/whisper, so that an
interrupted run goes on where it stopped; `--fresh` trains again. The checkpoint and the test utterances go to
tests/weights, the figures to docs/speech.md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from encoders.speech.faster_whisper import FasterWhisperRecognizer
from encoders.speech.whisper import WhisperRecognizer
from training.whisper import held_out
from training.whisper.export import write_compact, write_ctranslate2, write_openai
from training.whisper.measure import measure
from training.whisper.network import TinyWhisper
from training.whisper.train import STAGES, fit
from training.whisper.vocabulary import LANGUAGES, WORDS
from training.whisper.voices import held_out_voices, speak_words, training_voices

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".training" / "whisper"
TARGET = ROOT / "tests" / "weights"
CHECKPOINT = "tiny_whisper.npz"
_EACH = 12
_COMMITTED = 8
PAGE = ROOT / "docs" / "speech.md"
_BEGIN, _END = "<!-- tiny-whisper:begin -->", "<!-- tiny-whisper:end -->"


def main() -> None:
    """Speak, train, export, measure."""
    arguments = argparse.ArgumentParser(prog="python -m training.whisper", description=__doc__)
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--fresh", action="store_true", help="train again what is kept")
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    rng = np.random.default_rng(1)
    folder = CACHE / "voices"
    TARGET.mkdir(parents=True, exist_ok=True)
    unheard = {voice: speak_words(voice, WORDS[voice.language], folder) for voice in held_out_voices()}
    voices = list(training_voices(rng))
    spoken = {
        language: [speak_words(voice, WORDS[language], folder) for voice in voices if voice.language == language]
        for language in LANGUAGES
    }
    network = TinyWhisper()
    for number, stage in enumerate(STAGES):
        finished = CACHE / f"stage-{number}.pt"
        if finished.is_file() and not options.fresh:
            network.load_state_dict(torch.load(finished, weights_only=True))
        else:
            fit(network, spoken, stage, seed=number)
            torch.save(network.state_dict(), finished)
    write_compact(network, TARGET / CHECKPOINT)
    tests = held_out.utterances(np.random.default_rng(2), unheard, _EACH)
    held_out.write(tests[:: len(tests) // _COMMITTED][:_COMMITTED], TARGET)
    with tempfile.TemporaryDirectory() as exported:
        checkpoint, model = Path(exported) / "tiny_whisper.pt", Path(exported) / "tiny_whisper"
        write_openai(TARGET / CHECKPOINT, checkpoint)
        write_ctranslate2(TARGET / CHECKPOINT, model)
        torch_engines = {language: WhisperRecognizer(checkpoint, language) for language in LANGUAGES}
        fast_engines = {language: FasterWhisperRecognizer(model, language) for language in LANGUAGES}
    figures = [
        f"- {engine}{padding}: {measure(engines, engines['en'], tests, pad_to_s)}"  # type: ignore[arg-type]  # one table
        for padding, pad_to_s in (("", 0), (", padded to 30 s", 30))
        for engine, engines in (("whisper", torch_engines), ("faster-whisper", fast_engines))
    ]
    _write_figures([f"Heard in {len(tests)} utterances of voices that were not trained on:", "", *figures])


def _write_figures(lines: Sequence[str]) -> None:
    """Print the figures, and put them between their marks in the page."""
    print("\n".join(lines))
    page = PAGE.read_text(encoding="utf-8")
    head, tail = page.split(_BEGIN)[0], page.split(_END)[1]
    PAGE.write_text("\n".join([head + _BEGIN, *lines, _END + tail]), encoding="utf-8")


if __name__ == "__main__":
    main()
