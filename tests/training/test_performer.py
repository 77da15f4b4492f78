import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, Interval, Word
from training.performer.__main__ import main
from training.performer.clap import clap
from training.performer.delivery import DEADPAN, NEUTRAL, WARM, Delivery, Line
from training.performer.demo import DEMO
from training.performer.face import draw
from training.performer.film import write_film
from training.performer.performance import perform
from training.performer.pose import FacePose
from training.performer.voice import SAMPLE_RATE_HZ, Phone, Speech, VoiceMissingError, speak

DEMO_FILM = Path(__file__).parents[2] / "agent" / "demo.mp4"
WORDS = "Great food, I really love this place."

needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed: apt-get install flite")


class Tracker:
    """MediaPipe's landmarks of a picture, in pixels."""

    def __init__(self) -> None:
        from mediapipe.python.solutions.face_mesh import FaceMesh

        self._mesh = FaceMesh(static_image_mode=True, refine_landmarks=True)

    def find(self, pose: FacePose) -> NDArray[np.float64]:
        rgb = draw(pose)
        faces = self._mesh.process(rgb).multi_face_landmarks
        assert faces, f"no face found in {pose}"
        return np.array([(p.x * rgb.shape[1], p.y * rgb.shape[0]) for p in faces[0].landmark])

    def distance(self, pose: FacePose, a: int, b: int) -> float:
        """Between two landmarks by their MediaPipe numbers, in pixels."""
        found = self.find(pose)
        return float(np.linalg.norm(found[a] - found[b]))

    def close(self) -> None:
        self._mesh.close()


@pytest.fixture(scope="module")
def tracker() -> Iterator[Tracker]:
    tracker = Tracker()
    yield tracker
    tracker.close()


def hum(line: Line) -> Speech:
    """A voice that needs no synthesizer: a tone of 0.3 s a word, every word one open vowel."""
    tokens = line.text.split()
    edges = [i * 3 * NS_PER_S // 10 for i in range(len(tokens) + 1)]
    intervals = [Interval(a, b) for a, b in pairwise(edges)]
    n = round(edges[-1] / NS_PER_S * SAMPLE_RATE_HZ)
    pcm = (0.3 * np.sin(2 * np.pi * 150 * np.arange(n) / SAMPLE_RATE_HZ)).astype(np.float32)
    words = tuple(Word(t, i, 1.0, "measured") for t, i in zip(tokens, intervals, strict=True))
    return Speech(pcm, words, tuple(Phone("aa", i) for i in intervals))


def rms(pcm: NDArray[np.float32], start_ns: int, end_ns: int) -> float:
    part = pcm[start_ns * SAMPLE_RATE_HZ // NS_PER_S : end_ns * SAMPLE_RATE_HZ // NS_PER_S]
    return float(np.sqrt(np.mean(np.square(part))))


def test_a_delivery_outside_its_range_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'shy': smile is 1\.2, outside \[-1, 1\]"):
        Delivery("shy", smile=1.2)


def test_a_delivery_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="pitch_hz"):
        Delivery("broken", pitch_hz=float("nan"))


def test_a_pose_outside_its_range_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"blink is -0\.1"):
        FacePose(blink=-0.1)


def test_a_line_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="word"):
        Line("...", NEUTRAL)


def test_a_script_without_lines_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one line"):
        perform((), say=hum)


def test_a_picture_has_the_size_asked_for_and_the_same_pose_the_same_pixels() -> None:
    first, again = draw(FacePose(smile=0.3), (320, 240)), draw(FacePose(smile=0.3), (320, 240))
    assert first.shape == (240, 320, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)


def test_a_smile_draws_the_mouth_corners_apart(tracker: Tracker) -> None:
    assert tracker.distance(FacePose(smile=1), 61, 291) > 1.2 * tracker.distance(FacePose(), 61, 291)


def test_a_blink_brings_the_lids_together(tracker: Tracker) -> None:
    assert tracker.distance(FacePose(blink=1), 159, 145) < 0.6 * tracker.distance(FacePose(), 159, 145)


def test_the_jaw_parts_the_lips(tracker: Tracker) -> None:
    assert tracker.distance(FacePose(jaw=0.8), 13, 14) > tracker.distance(FacePose(), 13, 14) + 8


def test_raised_brows_leave_the_eyes_and_lowered_ones_near_them(tracker: Tracker) -> None:
    rest = tracker.distance(FacePose(), 105, 159)
    assert tracker.distance(FacePose(brow_raise=1), 105, 159) > rest + 5
    assert tracker.distance(FacePose(brow_down=1), 105, 159) < rest - 3


def test_the_face_is_found_while_it_turns_and_laughs(tracker: Tracker) -> None:
    nose = tracker.find(FacePose())[1]
    turned = tracker.find(FacePose(yaw=1, pitch=0.6, roll=0.6, smile=1, jaw=0.6, blink=0.5))[1]
    assert turned[0] > nose[0] + 10


def test_a_script_is_acted_the_same_way_from_the_same_seed_and_another_from_another() -> None:
    script = (Line("one two three", WARM), Line("four five", DEADPAN))
    first, again, other = perform(script, say=hum), perform(script, say=hum), perform(script, seed=1, say=hum)
    assert first.poses == again.poses
    np.testing.assert_array_equal(first.pcm, again.pcm)
    assert first.poses != other.poses


def test_picture_and_sound_end_together() -> None:
    performance = perform((Line("one two", NEUTRAL, 0.123),), say=hum)
    assert performance.duration_ns == len(performance.pcm) * NS_PER_S // SAMPLE_RATE_HZ


def test_the_delivery_shows_on_the_face_while_its_line_is_said() -> None:
    performance = perform((Line("one two three", WARM), Line("one two three", DEADPAN, 1.0)), say=hum)
    warm, deadpan = (
        [
            performance.poses[k]
            for k in range(*(edge * 25 // NS_PER_S for edge in (line.interval.start_ns, line.interval.end_ns)))
        ]
        for line in performance.lines
    )
    assert min(pose.smile for pose in warm) > 0.5
    assert max(pose.smile for pose in deadpan) < 0.1
    assert max(pose.jaw for pose in warm) > 0.4


def test_the_mouth_is_shut_in_silence() -> None:
    performance = perform((Line("one", NEUTRAL, 1.0),), say=hum)
    assert max(pose.jaw for pose in performance.poses[:20]) < 0.05


def test_blinks_are_where_the_truth_says() -> None:
    blinking = replace(NEUTRAL, blink_rate_hz=1.0)
    performance = perform((Line("one two three four five six", blinking),), say=hum)
    assert performance.blinks_ns
    for blink_ns in performance.blinks_ns:
        assert performance.poses[round(blink_ns * 25 / NS_PER_S)].blink == 1.0


@needs_flite
def test_spoken_words_are_the_lines_words_in_order_inside_the_sound() -> None:
    speech = speak(Line(WORDS, WARM))
    assert " ".join(word.text for word in speech.words) == WORDS
    edges = [edge for word in speech.words for edge in (word.interval.start_ns, word.interval.end_ns)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= len(speech.pcm) * NS_PER_S // SAMPLE_RATE_HZ


@needs_flite
def test_it_is_quiet_between_words_that_a_comma_parts() -> None:
    speech = speak(Line(WORDS, DEADPAN))
    food, i = speech.words[1], speech.words[2]
    assert i.interval.start_ns - food.interval.end_ns > 0.1 * NS_PER_S
    pause = rms(speech.pcm, food.interval.end_ns + 40_000_000, i.interval.start_ns - 40_000_000)
    assert pause < 0.05 * rms(speech.pcm, i.interval.start_ns, i.interval.end_ns)


@needs_flite
def test_deadpan_takes_longer_over_the_same_words_than_warm() -> None:
    warm, deadpan = speak(Line(WORDS, WARM)), speak(Line(WORDS, DEADPAN))
    assert len(deadpan.pcm) > 1.15 * len(warm.pcm)


@needs_flite
def test_an_unknown_voice_is_refused() -> None:
    with pytest.raises(ValueError, match="none of awb"):
        speak(Line("hello", NEUTRAL), "nobody")


def test_a_missing_synthesizer_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(VoiceMissingError, match="apt-get install flite"):
        speak(Line("hello", NEUTRAL))


def test_the_command_line_fails_with_a_reason_and_no_film(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["say", "hello", "--out", str(tmp_path / "x.mp4")]) == 2
    assert "apt-get install flite" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_clap_is_seen_and_heard_at_its_moment(tmp_path: Path) -> None:
    film = tmp_path / "clap.mp4"
    clap(film, [10, 40], n_frames=50)
    with av.open(str(film)) as container:
        pictures = [(frame.time, frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
    assert [time for time, grey in pictures if grey > 128] == [10 / 25, 40 / 25]
    pcm = decode_sound(film)
    loud = np.flatnonzero(np.abs(pcm) > 0.2) / SAMPLE_RATE_HZ
    onsets = [loud[0], loud[loud > 1][0]]
    assert onsets == pytest.approx([0.4, 1.6], abs=0.002)


def test_a_clap_beyond_the_film_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="within 50"):
        clap(tmp_path / "clap.mp4", [50], n_frames=50)


def test_sound_comes_back_from_a_film_where_it_was_put(tmp_path: Path) -> None:
    pcm = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE_HZ).astype(np.float32)
    pcm = np.convolve(pcm, np.ones(8, np.float32) / 8, "same")
    write_film(tmp_path / "x.mp4", [np.zeros((32, 32, 3), np.uint8)] * 25, 25, pcm, size=(32, 32))
    heard = decode_sound(tmp_path / "x.mp4")[: len(pcm)]
    lags = np.fft.irfft(np.fft.rfft(heard, 2 * len(pcm)) * np.fft.rfft(pcm, 2 * len(pcm)).conj())
    assert lags.argmax() == 0


def decode_sound(film: Path) -> NDArray[np.float32]:
    with av.open(str(film)) as container:
        frames = list(container.decode(audio=0))
    assert frames[0].pts == 0
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def test_the_bundled_demo_is_the_film_its_truth_describes() -> None:
    truth = json.loads(DEMO_FILM.with_suffix(".json").read_text(encoding="utf-8"))
    with av.open(str(DEMO_FILM)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert video.start_time == sound.start_time == 0
        assert video.frames == truth["frames"]
        assert video.average_rate == truth["frame_rate_hz"]
        assert sound.sample_rate == truth["sample_rate_hz"]
        assert container.duration == truth["duration_ns"] // 1000


def test_the_bundled_demo_says_what_its_script_says() -> None:
    truth = json.loads(DEMO_FILM.with_suffix(".json").read_text(encoding="utf-8"))
    assert [(line["text"], line["delivery"]) for line in truth["lines"]] == [
        (line.text, line.delivery.name) for line in DEMO
    ]
    for line in truth["lines"]:
        assert " ".join(word["text"] for word in line["words"]) == line["text"]


def test_the_bundled_demo_is_small_enough_to_carry() -> None:
    assert DEMO_FILM.stat().st_size <= 5_000_000


def test_the_bundled_demo_is_loud_where_its_truth_has_words_and_still_between_lines() -> None:
    lines = json.loads(DEMO_FILM.with_suffix(".json").read_text(encoding="utf-8"))["lines"]
    pcm = decode_sound(DEMO_FILM)
    quietest_line = min(rms(pcm, line["start_ns"], line["end_ns"]) for line in lines)
    pauses = [(0, lines[0]["start_ns"]), *((a["end_ns"], b["start_ns"]) for a, b in pairwise(lines))]
    for start_ns, end_ns in pauses:
        assert end_ns - start_ns > 0.7 * NS_PER_S
        assert rms(pcm, start_ns + 60_000_000, end_ns - 60_000_000) < 0.05 * quietest_line
