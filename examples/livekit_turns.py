"""A LiveKit room in, a voice assistant in it out that reads how each turn was meant.

deadpan run                                   # on the user's machine, in one terminal
python -m examples.livekit_turns console      # in another, where deadpan[livekit] is installed: talk to it right there

Recognizer, language model and voice are LiveKit's, who is asked with LIVEKIT_URL, LIVEKIT_API_KEY and
LIVEKIT_API_SECRET; any plug-in stands in for each of them.
"""

from __future__ import annotations

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli, inference
from livekit.agents.llm import ChatContext, ChatMessage

from deadpan.livekit import INSTRUCTIONS, Affect

server = AgentServer()


class Assistant(Agent):
    """An assistant that is told at the end of each turn how it was meant."""

    def __init__(self, affect: Affect) -> None:
        super().__init__(instructions=f"Answer in one short sentence. {INSTRUCTIONS}")
        self._affect = affect

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:  # noqa: ARG002
        await self._affect.attach(new_message)


@server.rtc_session()
async def assist(job: JobContext) -> None:
    """Join a room and assist whoever speaks there."""
    session: AgentSession[None] = AgentSession(
        vad=inference.VAD(),
        stt=inference.STT("deepgram/nova-3"),
        llm=inference.LLM("openai/gpt-4.1-mini"),
        tts=inference.TTS("cartesia/sonic-3"),
        turn_handling={"preemptive_generation": {"enabled": False}},
    )
    await session.start(Assistant(Affect(session)), room=job.room, record=False)


if __name__ == "__main__":
    cli.run_app(server)
