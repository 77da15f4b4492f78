"""The example that embeds the agent says what was said in a recording."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agent.session import demo_location
from examples import in_process
from tests.agent.capture.films import beginning


def test_it_says_what_was_said_and_what_that_is_worth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = beginning(demo_location(), tmp_path / "short.mp4", 3.0)
    asyncio.run(in_process.main(str(recording)))
    [line] = capsys.readouterr().out.splitlines()
    began, seconds, sarcasm, *words = line.split()
    assert float(began) == pytest.approx(0.5, abs=0.3)
    assert seconds == "s"
    assert 0 < float(sarcasm) < 1
    assert words[:2] == ["The", "store"]
