"""The film with landmarks, captions and curves burnt in: what stands where, and that it plays."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from agent.report import overlay
from agent.report.apart import ReadingError
from agent.report.burning import Burner
from agent.report.findings import Findings
from agent.report.lettering import put, width_px
from agent.report.panel import PAPER, SAID, SARCASM, Panel
from agent.session import demo_location
from tests.agent.capture.films import beginning, write_audio
from tests.agent.report.spoken import found, said, ticks
from tests.deadpan.sent import S
from tests.integration.processes import descendants, is_running

FACE = (76, 220, 190)


class Nobody:
    """A landmark model that sees a face where it is told, or none."""

    def __init__(self, points: NDArray[np.float32] | None = None) -> None:
        self._points = points

    def locate(self, _rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        return self._points

    def restart(self) -> None:
        """It follows nobody."""


def _near(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture.astype(int) - colour).max(axis=2) < 30)


def _decoded(path: Path) -> tuple[list[NDArray[np.uint8]], list[float], float]:
    with av.open(str(path)) as film:
        frames = [
            (frame.to_ndarray(format="rgb24").astype(np.uint8), float(frame.time or 0))
            for frame in film.decode(video=0)
        ]
    with av.open(str(path)) as film:
        heard_s = sum(frame.samples / frame.sample_rate for frame in film.decode(audio=0))
    return [picture for picture, _ in frames], [at_s for _, at_s in frames], heard_s


def test_curves_end_at_the_moment_shown_and_have_their_colours() -> None:
    panel = Panel(ticks(50), 640)
    early, late = panel.draw(2 * S), panel.draw(10 * S)
    assert early.shape == late.shape == (160, 640, 3)
    seen = [np.flatnonzero(_near(picture, SARCASM)[:80, :520].any(axis=0)) for picture in (early, late)]
    assert seen[0].min() > 400  # two of ten seconds are known
    assert seen[1].min() < 110
    assert _near(late, SAID)[80:, :520].any()
    assert not _near(panel.draw(0), SARCASM)[:, :520].any()


def test_a_panel_without_estimates_is_empty() -> None:
    assert not _near(Panel([], 640).draw(5 * S), SARCASM).any()


def test_the_picture_is_over_the_panel_with_its_caption_while_it_is_said(tmp_path: Path) -> None:
    findings = found(tmp_path, [said("Oh great", 1, 3, 0.9)], ticks(50))
    burner = Burner(findings, Nobody())
    grey = np.full((243, 321, 3), 120, np.uint8)
    before, during = burner.burn(grey, 0), burner.burn(grey, 2 * S)
    assert before.shape == during.shape == (484 + 160, 640, 3)
    assert (before[:484] == 120).all()
    assert _near(during[:484], SARCASM).any()  # the hint
    sincere = Burner(found(tmp_path, [said("Oh great", 1, 3)], ticks(50)), Nobody()).burn(grey, 2 * S)
    assert (sincere[:484] != 120).any()
    assert not _near(sincere[:484], SARCASM).any()


def test_the_face_is_drawn_where_it_is_however_the_picture_is_scaled(tmp_path: Path) -> None:
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = np.random.default_rng(1).uniform((100, 60), (140, 90), (478, 2))
    burnt = Burner(found(tmp_path, []), Nobody(points)).burn(np.zeros((240, 320, 3), np.uint8), 0)
    rows, columns = np.nonzero(_near(burnt[:480], FACE))
    assert 195 < columns.min() < columns.max() < 285
    assert 115 < rows.min() < rows.max() < 185


def test_a_face_that_is_partly_outside_is_drawn_as_far_as_it_is_inside(tmp_path: Path) -> None:
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = np.random.default_rng(1).uniform((-100, -100), (400, 300), (478, 2))
    assert Burner(found(tmp_path, []), Nobody(points)).burn(np.zeros((240, 320, 3), np.uint8), 0).any()


@pytest.mark.parametrize("at", [(-30, 10), (180, 10), (90, -5), (90, 25), (500, 500)])
def test_letters_are_cut_at_the_picture_s_edges(at: tuple[int, int]) -> None:
    picture = np.zeros((20, 200, 3), np.uint8)
    put(picture, "gjÄ−…", at, 20, (255, 255, 255))
    assert picture.any() == (at != (500, 500))


def test_every_letter_of_europe_has_its_shape() -> None:
    shapes = set()
    for letter in "Aß−…“ЖΩ":
        picture = np.zeros((40, 40, 3), np.uint8)
        put(picture, letter, (5, 20), 20, (255, 255, 255))
        shapes.add(picture.tobytes())
    assert len(shapes) == 7  # none is the box that stands for what is missing
    assert width_px("WWW", 20) > width_px("iii", 20)


def test_a_recording_comes_out_as_long_as_it_was_with_its_sound_and_its_face(tmp_path: Path) -> None:
    film, told = beginning(demo_location(), tmp_path / "talk.mp4", 1.2), list[float]()
    results = found(tmp_path, [said("The store", 0.5, 1.1, 0.9)], ticks(6))
    overlay.write(Findings(film, results.folder, film.name, 1_200_000_000), tmp_path / "out.part", told.append)
    assert told == pytest.approx([0, 1 / 1.2], abs=0.01)
    pictures, times_s, heard_s = _decoded(tmp_path / "out.part")
    assert len(pictures) == 30
    assert times_s == pytest.approx([number / 25 for number in range(30)], abs=0.002)
    assert heard_s == pytest.approx(1.2, abs=0.1)
    assert pictures[-1].shape == (640, 640, 3)
    changed = np.abs(pictures[-1][:400].astype(int) - _decoded(film)[0][-1][:400]).max(axis=2) > 40
    rows, columns = np.nonzero(changed)
    assert len(rows) > 500  # lines, where the face is and nowhere else
    assert 180 < columns.min() < columns.max() < 460
    assert _near(pictures[20][400:480], SARCASM).any()
    assert not _near(pictures[2][400:480], SARCASM).any()
    assert (np.abs(pictures[2][600, 5].astype(int) - PAPER) < 12).all()


def test_sound_alone_comes_out_with_captions_and_curves(tmp_path: Path) -> None:
    sound = write_audio(tmp_path / "talk.wav", np.zeros((16_000, 1)), 16_000)
    results = found(tmp_path, [said("Oh great", 0, 1, 0.9)], ticks(5))
    overlay.write(Findings(sound, results.folder, sound.name, S), tmp_path / "out.mp4", lambda _: None)
    pictures, _, heard_s = _decoded(tmp_path / "out.mp4")
    assert len(pictures) == 15
    assert heard_s == pytest.approx(1, abs=0.1)
    assert _near(pictures[7][:320], SARCASM).any()


def test_whoever_is_asked_for_a_film_does_not_outlive_who_asked(tmp_path: Path) -> None:
    sound = write_audio(tmp_path / "talk.wav", np.zeros((16_000, 1)), 16_000)
    folder = found(tmp_path, []).folder
    program = f"""
from pathlib import Path
from agent.report import overlay
from agent.report.findings import Findings
long = Findings(Path({str(sound)!r}), Path({str(folder)!r}), "", {600 * S})
overlay.write(long, Path({str(tmp_path / "out")!r}), lambda _: None)
"""
    with subprocess.Popen([sys.executable, "-c", program]) as asking:
        while not (tmp_path / "out").exists():
            assert asking.poll() is None
            time.sleep(0.05)
        (burning,) = descendants(asking.pid)
        asking.kill()
    while is_running(burning):
        time.sleep(0.05)


def test_what_cannot_be_read_again_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReadingError, match=r"No such file.*talk\.wav"):
        overlay.write(found(tmp_path, []), tmp_path / "out.mp4", lambda _: None)
