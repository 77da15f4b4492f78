"""Train, export and measure the tiny Whisper that proves both engines: `python -m training.whisper`.

It needs the programs flite and espeak-ng. Spoken words and finished stages are kept under .training/whisper, so that an
interrupted run goes on where it stopped; `--fresh` trains again. The checkpoint and the test utterances go to
tests/weights.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch

from encoders.faster_whisper import FasterWhisperRecognizer
from encoders.whisper import WhisperRecognizer
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
    print(f"whisper: {measure(torch_engines, torch_engines['en'], tests)}")
    print(f"faster-whisper: {measure(fast_engines, fast_engines['en'], tests)}")
    print(f"whisper, padded to 30 s: {measure(torch_engines, torch_engines['en'], tests, 30)}")
    print(f"faster-whisper, padded to 30 s: {measure(fast_engines, fast_engines['en'], tests, 30)}")


if __name__ == "__main__":
    main()
