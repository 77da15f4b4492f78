"""The demo in, its page as a browser shows it, docs/report.png, out: python docs/make_report_picture.py (Chromium)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from agent.session import demo_location

PICTURE = Path(__file__).parent / "report.png"
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
        score = [sys.executable, "-m", "agent.cli", "score", demo_location(), "--out", name, "--write", "html"]
        subprocess.run(score, check=True)
        shot = folder / "shot.png"
        seen = [f"--window-size={_WIDTH_PX},{_HEIGHT_PX}", "--hide-scrollbars", f"--screenshot={shot}"]
        where = f"file://{folder / 'demo' / 'report.html'}#t=12.4"
        profile = f"--user-data-dir={folder / 'browser'}"
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", profile, *seen, where],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        Image.open(shot).convert("RGB").quantize(_COLOURS).save(PICTURE, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
