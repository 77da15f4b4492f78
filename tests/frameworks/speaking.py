"""A microphone in, the parts of a LiveKit session that hear it out, without a service or a model behind them."""

from __future__ import annotations

from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, LanguageCode, inference, llm, stt, utils, vad
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.agents.voice import io

from deadpan.livekit import Affect
from tests.frameworks.demo import PIECE_S, RATE_HZ, Microphone
from tests.frameworks.model import ScriptedModel

_PAUSE = 3  # silent pieces that end a voice


class Sound(io.AudioInput):
    """What a microphone hears, as a room would bring it."""

    def __init__(self, microphone: Microphone) -> None:
        super().__init__(label="microphone")
        self._pieces = microphone.pieces()

    async def __anext__(self) -> rtc.AudioFrame:
        piece = await anext(self._pieces)
        return rtc.AudioFrame(piece, RATE_HZ, 1, len(piece) // 2)


class Recognizer(stt.STT[Any]):
    """Knows what will be said, and says so, text by text, when voice activity has given it a segment; then nothing."""

    def __init__(self, *texts: str) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self._texts = list(texts)

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,  # noqa: ARG002  # it need not listen
        *,
        language: NotGivenOr[str] = NOT_GIVEN,  # noqa: ARG002
        conn_options: APIConnectOptions,  # noqa: ARG002
    ) -> stt.SpeechEvent:
        text = self._texts.pop(0) if self._texts else ""
        heard = stt.SpeechData(language=LanguageCode("en"), text=text)
        return stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[heard])


class Loudness(vad.VAD):
    """Takes whatever is not silent for a voice, at once."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=PIECE_S))

    def stream(self) -> vad.VADStream:
        return _Voices(self)


class _Voices(vad.VADStream):
    async def _main_task(self) -> None:
        voice: list[rtc.AudioFrame] = []
        silent = samples = 0
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            samples += frame.samples_per_channel
            loud = any(frame.data)
            silent = 0 if loud else silent + 1
            if loud and not voice:
                self._tell(vad.VADEventType.START_OF_SPEECH, samples, [frame], 0)
            if loud or voice:
                voice.append(frame)
            if voice and silent == _PAUSE:
                self._tell(vad.VADEventType.END_OF_SPEECH, samples, voice, silent)
                voice = []

    def _tell(self, kind: vad.VADEventType, samples: int, frames: list[rtc.AudioFrame], silent: int) -> None:
        event = vad.VADEvent(
            type=kind,
            samples_index=samples,
            timestamp=samples / RATE_HZ,
            speech_duration=len(frames) * PIECE_S,
            silence_duration=silent * PIECE_S,
            frames=list(frames),
            speaking=kind is vad.VADEventType.START_OF_SPEECH,
        )
        self._event_ch.send_nowait(event)


class Assistant(Agent):
    """An agent with the one line that this is about."""

    def __init__(self, affect: Affect) -> None:
        super().__init__(instructions="Be kind.")
        self._affect = affect

    async def on_user_turn_completed(
        self,
        turn_ctx: llm.ChatContext,  # noqa: ARG002  # the session passes it by name, or in this place
        new_message: llm.ChatMessage,
    ) -> None:
        await self._affect.attach(new_message)


def language_model(model: ScriptedModel) -> inference.LLM:
    """LiveKit's own client of a model."""
    return inference.LLM("openai/gpt-4.1-mini", base_url=model.address, api_key="none", api_secret="none" * 8)


def session(
    service: inference.LLM, microphone: Microphone, recognizer: Recognizer, voices: vad.VAD, pause_s: float = 0.0
) -> AgentSession[None]:
    """A session that replies when a voice has ended for so long and its words are there."""
    session: AgentSession[None] = AgentSession(
        stt=recognizer,
        vad=voices,
        llm=service,
        turn_handling={
            "turn_detection": "vad",
            "endpointing": {"min_delay": pause_s},
            "preemptive_generation": {"enabled": False},
        },
        session_close_transcript_timeout=0.0,
    )
    session.input.audio = Sound(microphone)
    return session
