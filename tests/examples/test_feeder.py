"""The example that feeds an agent sends a file's sound, all of it, in pieces of 20 ms."""

from __future__ import annotations

import threading
import wave

import msgspec
import pytest

import deadpan
from deadpan.feed import AudioHeader
from examples import feeder
from tests.agent.capture.films import noise, write_audio
from tests.deadpan.listening import listening, received


def test_all_of_a_file_s_sound_is_fed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("f")
    path = write_audio(folder / "sound.wav", noise(0.5), 16_000)
    with deadpan.Feed(f"ipc://{folder}/feed") as feed, listening(feed) as heard:
        monkeypatch.setattr(deadpan, "Feed", lambda _: feed)  # one that is listened to from its first word on
        feeding = threading.Thread(target=feeder.main, args=(feed.endpoint, str(path)))
        feeding.start()
        sent = [received(heard) for _ in range(25)]
        feeding.join()
    headers = [msgspec.json.decode(header, type=AudioHeader) for _, header, _ in sent]
    assert {(header.sample_rate_hz, header.channels, header.measured) for header in headers} == {(16_000, 1, False)}
    with wave.open(str(path)) as sound:
        assert b"".join(pcm for _, _, pcm in sent) == sound.readframes(sound.getnframes())
