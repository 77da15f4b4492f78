"""The demo in, docs/report.png and overlay.jpg, its page and its film, out: python docs/make_score_pictures.py

Needs Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import av
from PIL import Image

from agent.session import demo_location

PAGE, FILM = (Path(__file__).parent / name for name in ("report.png", "overlay.jpg"))
_MOMENT_S = 10.4
_WIDTH_PX, _HEIGHT_PX = 1100, 1180
_COLOURS = 64  # a page has few, and the picture lies in the repository


def main() -> int:
    """Score the demo, open its page, and keep what is seen."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.stderr.write("Chromium is not installed\n")
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        score = [sys.executable, "-m", "agent.cli", "score", demo_location(), "--out", name, "--write", "html,overlay"]
        subprocess.run(score, check=True)
        shot = folder / "shot.png"
        seen = [f"--window-size={_WIDTH_PX},{_HEIGHT_PX}", "--hide-scrollbars", f"--screenshot={shot}"]
        where = f"file://{folder / 'demo' / 'report.html'}#t={_MOMENT_S}"
        profile = f"--user-data-dir={folder / 'browser'}"
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", profile, *seen, where],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        Image.open(shot).convert("RGB").quantize(_COLOURS).save(PAGE, optimize=True)
        with av.open(str(folder / "demo" / "overlay.mp4")) as film:
            seen_then = next(frame for frame in film.decode(video=0) if (frame.time or 0) >= _MOMENT_S)
            Image.fromarray(seen_then.to_ndarray(format="rgb24")).save(FILM, quality=85)
    return 0


if __name__ == "__main__":
    sys.exit(main())
