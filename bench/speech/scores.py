"""A recording and a recognizer in; every figure of how it was heard out."""

from __future__ import annotations

from dataclasses import dataclass

from bench.speech import revisions
from bench.speech.corpora import Pcm, Recording
from bench.speech.errors import Errors, word_errors
from bench.speech.hearing import Hearing, bare_text, hear, voiced_windows
from bench.speech.revisions import Delay, Edits
from bench.speech.speechless import Speechless
from encoders.speech.recognizer import SAMPLE_RATE_HZ, Recognizer
from encoders.speech.stream import SpeechSettings


@dataclass(frozen=True, slots=True)
class Score:
    """One recording as the stream heard it, beside the bare engine. Delays in seconds."""

    corpus: str
    name: str
    audio_s: float
    reference: str
    final: str
    settled: str
    bare: str
    final_errors: Errors
    settled_errors: Errors
    bare_errors: Errors
    words: int
    early_words: int
    """Of the settled words, those committed before their final transcript."""
    contradicted: int
    edits: Edits
    suppressed: dict[str, int]
    first_word: tuple[Delay, ...]
    commit: tuple[Delay, ...]
    ending: tuple[Delay, ...]
    speech_end: tuple[Delay, ...]
    cut_in_two: tuple[bool, ...]
    """Of the utterances that silence ended: whether the voice was back within the patience of unfinished ones."""
    word_times: tuple[tuple[float, float], ...]
    """Signed errors of starts and ends, where an alignment is known."""
    timing: str
    compute_s: float
    cpu_s: float
    bare_s: float

    @property
    def is_aligned(self) -> bool:
        return bool(self.word_times)


@dataclass(frozen=True, slots=True)
class Invented:
    """Words heard where there are none: in final transcripts, in any transcript, and by the bare engine."""

    sound: str
    minutes: float
    final_words: int
    shown_words: int
    bare_words: int
    heard: tuple[str, ...]
    """The final texts, or the last partial one, of the utterances with words."""
    suppressed: dict[str, int]


def score_recording(
    recognizer: Recognizer,
    recording: Recording,
    settings: SpeechSettings,
    *,
    real_time: bool = False,
    busy: bool = False,
) -> Score:
    """Hear a recording through the stream and through the bare engine, and compare both with what was said."""
    pcm = recording.read()
    bare, bare_s = bare_text(recognizer, pcm, busy=busy)
    hearing = hear(recognizer, pcm, settings, real_time=real_time, busy=busy)
    voiced = voiced_windows(pcm)
    groups = revisions.utterances(hearing.shown)
    settled = [held for group in groups for held in revisions.settled_words(group)]
    finals = [one for one in hearing.shown if one.transcript.final]
    final, settled_text = revisions.final_text(hearing.shown), " ".join(held.word.text for held in settled)
    edits = [revisions.edits(group) for group in groups]
    first_word = [revisions.first_word_delay(group, recording.aligned) for group in groups]
    spoken = [one for one in finals if one.transcript.words and one.heard_s < hearing.audio_s]
    speech_end = [revisions.speech_end_delay(one, voiced, recording.aligned) for one in spoken]
    # One that was cut for its length has no end of voice.
    ended = [one for one, delay in zip(spoken, speech_end, strict=True) if delay is not None]
    timings = {word.timing for one in finals for word in one.transcript.words}
    return Score(
        recording.corpus,
        recording.name,
        hearing.audio_s,
        recording.text.strip(),
        final,
        settled_text,
        bare,
        word_errors(recording.text, final),
        word_errors(recording.text, settled_text),
        word_errors(recording.text, bare),
        len(settled),
        sum(held.early for held in settled),
        sum(revisions.contradicted(group) for group in groups),
        Edits(sum(edit.changes for edit in edits), sum(edit.needed for edit in edits)),
        hearing.suppressed,
        tuple(delay for delay in first_word if delay is not None),
        tuple(revisions.commit_delays(settled, recording.aligned)),
        tuple(revisions.ending_delay(one) for one in ended),
        tuple(delay for delay in speech_end if delay is not None),
        tuple(revisions.is_cut_in_two(one, voiced, settings.hangover_s) for one in ended),
        tuple(revisions.time_errors(finals, recording.aligned)) if recording.aligned else (),
        "/".join(sorted(timings)),
        hearing.compute_s,
        hearing.cpu_s,
        bare_s,
    )


def score_speechless(recognizer: Recognizer, sound: Speechless, settings: SpeechSettings) -> Invented:
    """Count the words heard in sound without speech."""
    hearing = hear(recognizer, sound.pcm, settings)
    bare, _ = bare_text(recognizer, sound.pcm)
    groups = revisions.utterances(hearing.shown)
    texts = [max(group, key=lambda one: len(one.transcript.words)).transcript.text for group in groups]
    return Invented(
        sound.name,
        len(sound.pcm) / SAMPLE_RATE_HZ / 60,
        _final_words(hearing),
        sum(max(len(one.transcript.words) for one in group) for group in groups),
        len(bare.split()),
        tuple(text for text in texts if text),
        hearing.suppressed,
    )


def warm(recognizer: Recognizer, pcm: Pcm) -> None:
    """Decode once: the first decode of a process pays for what later ones do not."""
    recognizer.transcribe(pcm[: 2 * SAMPLE_RATE_HZ])


def _final_words(hearing: Hearing) -> int:
    return sum(len(one.transcript.words) for one in hearing.shown if one.transcript.final)
