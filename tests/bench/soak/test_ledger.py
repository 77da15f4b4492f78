"""Counters as the processes tell them in, the ledger of every edge out."""

from __future__ import annotations

from bench.soak.ledger import Account, accounts

COUNTERS: dict[str, dict[str, int]] = {
    "camera": {"sent": 900, "refused": 3},
    "microphone": {
        "sent": 400,
        "refused": 8,
        "sent_to_prosody": 200,
        "refused_to_prosody": 1,
        "sent_to_speech": 200,
        "refused_to_speech": 7,
    },
    "face": {"received": 900, "skipped": 40, "sent": 1720},
    "prosody": {"received": 200, "sent": 50},
    "speech": {"received": 199, "sent": 30},
    "fusion": {"received": 1900, "received_from_face": 1720, "received_from_prosody": 50, "received_from_speech": 30},
}


def test_every_edge_has_its_own_account() -> None:
    assert accounts(COUNTERS) == [
        Account("camera", "face", sent=900, refused=3, received=900, skipped=40),
        Account("microphone", "prosody", sent=200, refused=1, received=200, skipped=0),
        Account("microphone", "speech", sent=200, refused=7, received=199, skipped=0),
        Account("face", "fusion", sent=1720, refused=0, received=1720, skipped=0),
        Account("prosody", "fusion", sent=50, refused=0, received=50, skipped=0),
        Account("speech", "fusion", sent=30, refused=0, received=30, skipped=0),
    ]


def test_what_was_sent_and_not_received_is_unaccounted_for() -> None:
    assert [account.unaccounted for account in accounts(COUNTERS)] == [0, 0, 1, 0, 0, 0]


def test_a_session_without_a_camera_has_no_account_of_it() -> None:
    heard = {name: each for name, each in COUNTERS.items() if name not in ("camera", "face")}
    assert [account.writer for account in accounts(heard)] == ["microphone", "microphone", "prosody", "speech"]
