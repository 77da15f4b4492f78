from __future__ import annotations

import asyncio
import json
import logging
import time

import msgspec
import pytest

from deadpan.messages import to_json
from deadpan.stretch import spoken
from deadpan.turns import Turns, as_dict
from tests.deadpan.sent import estimate, utterance
from tests.deadpan.stage import PATIENCE_S, Stage

FOR_EVER_S = 3600.0  # longer than any test may take: what waits for it fails
A_NEWER = msgspec.json.encode(msgspec.json.decode(to_json(estimate(1))) | {"spec": 2})


async def heard(turns: Turns) -> None:
    """Wait until something of the stream has been read."""
    async with asyncio.timeout(PATIENCE_S):
        while turns.timeline.session is None:
            await asyncio.sleep(0.01)


def test_without_an_agent_a_turn_does_not_wait() -> None:
    async def ask() -> None:
        turns = Turns("tcp://127.0.0.1:9", timeout_s=FOR_EVER_S)
        turns.start()
        stretch = await turns.finished(time.monotonic_ns() - 1, time.monotonic_ns())
        assert turns.unknown(stretch) == stretch.reason == "never_connected"
        await turns.close()
        await turns.close()

    asyncio.run(ask())


def test_a_stream_of_another_specification_is_said_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def ask() -> None:
        stage = Stage()
        turns = Turns(stage.endpoint)
        turns.start()
        for _ in range(2):  # the second time it has subscribed anew
            await asyncio.to_thread(stage.await_subscriptions)
            stage.publish_body(A_NEWER, b"deadpan/2/default/estimate")
        await asyncio.to_thread(stage.await_subscriptions)
        stage.publish(estimate(1))
        await heard(turns)
        await turns.close()
        stage.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(ask())
    assert ["specification 2" in record.getMessage() for record in caplog.records] == [True]


def test_a_turn_for_json_is_about_the_words_of_the_assistant() -> None:
    said = spoken(160, 162, (utterance(),), complete=True)
    told = as_dict("O great", said)
    assert json.loads(json.dumps(told)) == told
    assert (told["type"], told["text"]) == ("affect", "O great")
    assert told["rcs"] == "([sentiment value=-0.50],[sarcasm value=0.82]) O great"
    assert told["sarcasm"]["probability"] == 0.82
    assert told["cues"][0]["name"] == "flat_pitch"
    assert "utterances" not in told
