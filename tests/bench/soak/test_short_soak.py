"""A soak of seconds: the real processes, real subscribers, and a ledger in which nothing is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.soak import live, replay
from bench.soak.ledger import accounts
from bench.soak.report import LIVE, REPLAY, live_part, replay_part, write_part
from bench.soak.subscriber import Account
from tests.integration.processes import session_folders

pytestmark = pytest.mark.timeout(400)  # on a busy machine


def test_a_session_loses_nothing_unaccounted_for_on_any_edge_nor_to_any_subscriber(tmp_path: Path) -> None:
    before = session_folders()
    session = live.play(0.25, 0.5, tmp_path)
    assert session.missing_ticks == 0
    assert len(session.ticks) >= 15 * 5
    counters = {name: worker.counters for name, worker in session.condition.workers.items()}
    ledger = accounts(counters)
    assert len(ledger) == 6
    assert [(each.writer, each.reader, each.unaccounted) for each in ledger if each.unaccounted] == []
    assert all(each.sent > 0 for each in ledger)
    # It may come when some have been published already; since then it has missed no tick (above).
    before_it_came = counters["fusion"]["published"] - session.frames
    assert 0 <= before_it_came <= 10 * (session.ticks[0] + 1)
    assert [each.kind for each in session.subscribers if isinstance(each, Account)] == [
        "slow",
        "slow",
        "stuck",
        "stuck",
    ]
    assert not any(each.unaccounted for each in session.subscribers if isinstance(each, Account))
    names = {"supervisor", "camera", "microphone", "face", "prosody", "speech", "fusion"}
    assert any(names <= set(sample.footprints) for sample in session.samples)
    assert session_folders() == before

    page = tmp_path / "page.md"
    page.write_text("# Before\n\n## After\n")
    write_part(LIVE, live_part(session, 5.0), page)
    first = page.read_text()
    assert "| camera → face |" in first
    assert first.count("<!-- soak-live:begin -->") == 1
    write_part(LIVE, live_part(session, 5.0), page)
    assert page.read_text() == first


def test_a_recording_is_scored_to_its_end_and_watched(tmp_path: Path) -> None:
    whole = replay.play(28 / 3600, 0.5, tmp_path, 300.0)
    assert (whole.estimates, whole.missing_ticks) == (144, 0)
    page = tmp_path / "page.md"
    write_part(REPLAY, replay_part(whole, 0.0), page)
    assert "0.0078 hours through a virtual clock" in page.read_text()
    assert {"score", "face", "prosody", "speech"} <= set(whole.samples[-1].footprints)
