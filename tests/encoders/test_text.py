"""The shipped text weights, and the stream that reads transcripts with them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import encoders.text
from encoders.base import Encoder
from encoders.samples import NS_PER_S, Embedding, Interval, Modality, Transcript, Word
from encoders.text import TextEncoder, TextModel, TextReading

WEIGHTS = Path(__file__).resolve().parents[2] / "encoders" / "weights"


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load()


def transcript(text: str, start_s: float = 0.0, *, final: bool = True, probability: float = 0.9) -> Transcript:
    start_ns = round(start_s * NS_PER_S)
    words = tuple(
        Word(word, Interval(start_ns + i * 10**8, start_ns + (i + 1) * 10**8), probability, "estimated")
        for i, word in enumerate(text.split(" ") if text else ())
    )
    interval = Interval(start_ns, start_ns + max(1, len(words)) * 10**8)
    return Transcript(0, 0, interval, words if final else (), () if final else words, final)


def only(embeddings: Sequence[Embedding]) -> Embedding:
    (embedding,) = embeddings
    return embedding


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("I love this, it is wonderful", "I hate this, it is terrible"),
        ("the food was great", "the food was cold"),
        ("what a lovely present thank you so much", "what an awful mess leave me alone"),
    ],
)
def test_kind_words_read_more_positive_than_unkind_ones(model: TextModel, better: str, worse: str) -> None:
    kind, unkind = model.encode(better), model.encode(worse)
    assert kind.sentiment > unkind.sentiment + 0.3


def test_sentiment_and_sarcasm_keep_their_ranges(model: TextModel) -> None:
    for text in ("no", "?!", "好", "wow " * 300, "Oh great, another meeting."):
        reading = model.encode(text)
        assert -1 <= reading.sentiment <= 1
        assert 0 <= reading.sarcasm <= 1


def test_every_word_has_a_vector_in_order(model: TextModel) -> None:
    reading = model.encode("Well, that's unbelievably — nice of you", ["He forgot again."])
    assert reading.words.shape == (7, model.dim)
    assert reading.words.dtype == np.float32
    assert (np.abs(reading.words).max(axis=1) > 0).all()


def test_context_moves_the_reading_but_not_its_shape(model: TextModel) -> None:
    alone, after = model.encode("Great."), model.encode("Great.", ["The car broke down.", "We walk now."])
    assert alone.utterance.shape == after.utterance.shape == (model.dim,)
    assert alone.words.shape == after.words.shape
    assert not np.array_equal(alone.utterance, after.utterance)


def test_the_earliest_words_of_an_endless_utterance_fall_out_of_the_window(model: TextModel) -> None:
    reading = model.encode(" ".join(["very"] * 200) + " good")
    assert reading.words.shape == (201, model.dim)
    assert not reading.words[0].any()
    assert reading.words[-1].any()


def test_the_same_words_read_the_same_twice(model: TextModel) -> None:
    first, second = model.encode("Sure, take your time."), model.encode("Sure, take your time.")
    assert np.array_equal(first.utterance, second.utterance)
    assert (first.sarcasm, first.sentiment) == (second.sarcasm, second.sentiment)


@pytest.mark.parametrize("text", ["", "   "])
def test_the_model_refuses_an_utterance_without_words(model: TextModel, text: str) -> None:
    with pytest.raises(ValueError, match="word"):
        model.encode(text)


def test_missing_weights_say_which_file_and_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"text\.onnx.*training\.text"):
        TextModel.load(tmp_path)


def test_weights_other_than_the_settings_were_made_for_are_refused(tmp_path: Path) -> None:
    for name in ("text.onnx", "text_tokenizer.json"):
        shutil.copy(WEIGHTS / name, tmp_path)
    settings = json.loads((WEIGHTS / "text.json").read_text("utf-8"))
    (tmp_path / "text.json").write_text(json.dumps({**settings, "sha256": "0" * 64}), "utf-8")
    with pytest.raises(ValueError, match="sha256"):
        TextModel.load(tmp_path)


def test_a_transcript_becomes_one_embedding_over_its_own_interval(model: TextModel) -> None:
    encoder: Encoder[Transcript] = TextEncoder(model)
    said = transcript("that went well", start_s=3.0)
    embedding = only(encoder.push(said))
    assert (embedding.modality, embedding.interval) == (Modality.TEXT, said.interval)
    assert embedding.vector.shape == (encoder.dim,)
    assert embedding.reading is not None
    assert not encoder.flush()


def test_confidence_is_the_words_probability_by_their_letters(model: TextModel) -> None:
    said = transcript("a bcd")
    words = (replace(said.words[0], probability=0.2), replace(said.words[1], probability=0.6))
    assert only(TextEncoder(model).push(replace(said, committed=words))).confidence == pytest.approx(0.5)


@pytest.mark.parametrize(("text", "share"), [("The", 1 / 4), ("The story is", 1 / 2), ("So you are late again", 5 / 8)])
def test_sarcasm_in_what_is_not_finished_is_believed_by_as_much_as_was_heard(
    model: TextModel, text: str, share: float
) -> None:
    going_on, done = (only(TextEncoder(model).push(transcript(text, final=final))) for final in (False, True))
    assert going_on.reading is not None
    assert done.reading is not None
    assert going_on.words is not None
    assert done.words is not None
    assert going_on.reading.sarcasm is not None
    assert done.reading.sarcasm is not None
    assert log_odds(going_on.reading.sarcasm) == pytest.approx(share * log_odds(done.reading.sarcasm), abs=1e-5)
    assert log_odds(going_on.words.sarcasms) == pytest.approx(share * log_odds(done.words.sarcasms), abs=1e-5)
    assert going_on.reading.sentiment == done.reading.sentiment
    assert np.array_equal(going_on.vector, done.vector)


def log_odds(probability: float | NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(np.log(probability) - np.log1p(-np.asarray(probability, np.float64)))


@pytest.mark.parametrize("text", ["", "  "])
def test_no_words_are_no_reading_and_no_context(model: TextModel, text: str) -> None:
    encoder = TextEncoder(model, context_turns=2)
    nothing = only(encoder.push(transcript(text)))
    assert nothing.reading is None
    assert nothing.confidence == 0
    assert not nothing.vector.any()
    after = only(encoder.push(transcript("great", 1.0)))
    assert np.array_equal(after.vector, model.encode("great").utterance)


def test_final_utterances_become_context_and_partial_ones_do_not(model: TextModel) -> None:
    encoder = TextEncoder(model, context_turns=2)
    for text in ("first", "second", "third"):
        encoder.push(transcript(text))
    encoder.push(transcript("never finished", final=False))
    embedding = only(encoder.push(transcript("great", 1.0)))
    assert np.array_equal(embedding.vector, model.encode("great", ["second", "third"]).utterance)


def test_live_an_utterance_is_read_by_itself(model: TextModel) -> None:
    encoder = TextEncoder(model)
    encoder.push(transcript("first"))
    embedding = only(encoder.push(transcript("great", 1.0)))
    assert np.array_equal(embedding.vector, model.encode("great").utterance)


def test_what_was_said_half_a_minute_ago_is_no_context(model: TextModel) -> None:
    encoder = TextEncoder(model, context_turns=2)
    encoder.push(transcript("old news", 0.0))
    embedding = only(encoder.push(transcript("great", 31.0)))
    assert np.array_equal(embedding.vector, model.encode("great").utterance)


def test_reset_forgets_the_turns(model: TextModel) -> None:
    encoder = TextEncoder(model, context_turns=2)
    first = only(encoder.push(transcript("how nice")))
    encoder.push(transcript("and again", 1.0))
    encoder.reset()
    again = only(encoder.push(transcript("how nice")))
    assert again.seq == first.seq
    assert np.array_equal(again.vector, first.vector)


def test_an_unchanged_partial_is_not_encoded_again(model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    whole = TextModel.encode

    def counted(self: TextModel, utterance: str, context: Sequence[str] = ()) -> TextReading:
        calls.append(utterance)
        return whole(self, utterance, context)

    monkeypatch.setattr(TextModel, "encode", counted)
    encoder = TextEncoder(model)
    for _ in range(3):
        encoder.push(transcript("still talking", final=False))
    encoder.push(transcript("still talking now", final=False))
    assert calls == ["still talking", "still talking now"]


def test_what_was_foreseen_is_said_at_no_cost_and_just_as_it_would_have_been(
    model: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Oh great, exactly what I wanted!"
    plain = only(TextEncoder(model).push(transcript(text)))
    foreseeing = TextEncoder(model)
    foreseeing.foresee(transcript(text))

    def refuse(*_: object) -> TextReading:
        raise AssertionError("it had been read before")

    monkeypatch.setattr(TextModel, "encode", refuse)
    monkeypatch.setattr(TextModel, "encode_each", refuse)
    foreseen = only(foreseeing.push(transcript(text)))
    assert foreseen.reading == plain.reading
    assert np.array_equal(foreseen.vector, plain.vector)


def test_only_final_transcripts_name_telling_words(model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders.text, "LEAST_EFFECT", 0.0)
    text = "Oh, yeah, because that is exactly what I wanted!"
    partial = only(TextEncoder(model).push(transcript(text, final=False))).reading
    final = only(TextEncoder(model).push(transcript(text))).reading
    assert partial is not None
    assert final is not None
    assert partial.cues == ()
    first, second = final.cues
    assert abs(first.effect) >= abs(second.effect)
    spoken = {word.strip(",!").lower() for word in text.split()}
    assert {cue.name.removeprefix("word:") for cue in final.cues} <= spoken


def test_a_cue_is_what_leaving_the_word_out_changes(model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders.text, "LEAST_EFFECT", 0.0)
    reading = only(TextEncoder(model).push(transcript("terrible weather"))).reading
    assert reading is not None
    cue = next(cue for cue in reading.cues if cue.name == "word:terrible")
    both, one = model.encode_each(["terrible weather", "weather"])
    # Three in a batch there, two here: int8 activations share one scale in a batch, hence not to the last digit.
    assert cue.effect == pytest.approx(both.sarcasm - one.sarcasm, abs=0.02)
    assert cue.value == pytest.approx(both.sentiment - one.sentiment, abs=0.1)
    assert cue.value < -0.5


def test_words_that_hardly_matter_are_no_cues(model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders.text, "LEAST_EFFECT", 1.0)
    reading = only(TextEncoder(model).push(transcript("terrible weather"))).reading
    assert reading is not None
    assert reading.cues == ()


def test_very_long_utterances_have_no_cues(model: TextModel) -> None:
    reading = only(TextEncoder(model).push(transcript(" ".join(["great"] * 17)))).reading
    assert reading is not None
    assert reading.cues == ()


def test_every_word_has_a_reading_of_its_own(model: TextModel) -> None:
    reading = model.encode("I love terrible puns")
    assert reading.sentiments.shape == reading.sarcasms.shape == (4,)
    assert reading.sentiments.dtype == reading.sarcasms.dtype == np.float32
    assert (np.abs(reading.sentiments) <= 1).all()
    assert ((reading.sarcasms > 0) & (reading.sarcasms < 1)).all()
    assert len(set(reading.sentiments)) == 4


def test_a_lone_word_reads_like_its_utterance(model: TextModel) -> None:
    reading = model.encode("wonderful", ["The car broke down."])
    assert reading.sentiments[0] == pytest.approx(reading.sentiment, abs=1e-5)
    assert reading.sarcasms[0] == pytest.approx(reading.sarcasm, abs=1e-5)


def test_words_say_on_average_what_the_utterance_says(model: TextModel) -> None:
    """The heads are linear and every word here is one token, so the utterance's log odds are the mean of the words'."""
    reading = model.encode("what a lovely day this is")
    odds = np.log(reading.sarcasms / (1 - reading.sarcasms))
    assert odds.mean() == pytest.approx(np.log(reading.sarcasm / (1 - reading.sarcasm)), abs=1e-4)


def test_a_word_that_fell_out_of_the_window_reads_like_the_utterance(model: TextModel) -> None:
    reading = model.encode(" ".join(["very"] * 200) + " good")
    assert reading.sentiments[0] == pytest.approx(reading.sentiment, abs=1e-5)
    assert reading.sarcasms[0] == pytest.approx(reading.sarcasm, abs=1e-5)


def test_an_embedding_carries_its_words_at_their_moments(model: TextModel) -> None:
    said = transcript("that went well", start_s=3.0)
    words = only(TextEncoder(model).push(said)).words
    assert words is not None
    reading = model.encode("that went well")
    assert words.intervals_ns.tolist() == [[word.interval.start_ns, word.interval.end_ns] for word in said.words]
    assert words.vectors == pytest.approx(reading.words)
    assert words.sentiments == pytest.approx(reading.sentiments)
    assert words.sarcasms == pytest.approx(reading.sarcasms)


def test_a_word_written_with_a_space_stays_one_word_and_a_blank_one_is_none(model: TextModel) -> None:
    said = transcript("thanks a lot mate")
    first, a, lot, mate = said.words
    blank = replace(mate, text=" ")
    joined = replace(a, text="a lot", interval=Interval(a.interval.start_ns, lot.interval.end_ns))
    words = only(TextEncoder(model).push(replace(said, committed=(first, joined, blank, mate)))).words
    assert words is not None
    reading = model.encode("thanks a lot mate")
    assert words.intervals_ns[:, 0].tolist() == [word.interval.start_ns for word in (first, a, mate)]
    assert words.vectors[1] == pytest.approx(reading.words[1:3].mean(axis=0), abs=1e-6)
    assert words.sarcasms[1] == pytest.approx(reading.sarcasms[1:3].mean())
    assert words.sentiments[2] == pytest.approx(reading.sentiments[3])


def test_an_utterance_without_words_carries_none(model: TextModel) -> None:
    assert only(TextEncoder(model).push(transcript(""))).words is None
