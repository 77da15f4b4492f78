"""What a recording costs: the page made of made-up sessions."""

from __future__ import annotations

from bench.recording import Session, page


def test_of_each_pair_what_the_others_take_more_is_told_beside_the_recorder_s_own() -> None:
    pairs = [
        (Session(0.5, 100.0), Session(0.6, 110.0, 0.06, 53.0, 500.0, 0)),
        (Session(0.4, 90.0), Session(0.5, 95.0, 0.08, 55.0, 510.0, 2)),
        (Session(0.7, 300.0), Session(0.72, 280.0, 0.07, 54.0, 505.0, 0)),
    ]
    told = page(pairs)
    assert "| cores, all processes | 0.50 (0.40 to 0.70) | 0.60 (0.50 to 0.72) |" in told
    assert "| of these, the recorder | | 0.07 (0.06 to 0.08) |" in told
    assert "| more than before, by the others | | 0.02 (-0.05 to 0.04) |" in told
    assert "| estimates, p95 ms | 100 (90 to 300) | 110 (95 to 280) |" in told
    assert "| values it missed | | 2 |" in told
