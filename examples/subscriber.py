"""A running deadpan's stream in; what a program may want of it out, in four ways: python -m examples.subscriber HOW

follow   every message as it comes, until Ctrl-C
glance   the newest estimate, once
turn     how you meant what you say until you press Return
task     the same beside a task that follows, in an event loop (five seconds)

Start `deadpan run` in another terminal. Needs pyzmq and msgspec, nothing else. What all of it means: docs/protocol.md.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import deadpan


def follow(subscription: deadpan.Subscription) -> None:
    """Say what comes: utterances, changes of mind, and what was lost on the way."""
    for message in subscription:
        match message:
            case deadpan.Utterance():
                print(f"“{message.text}” {described(message.sarcasm)}", flush=True)
            case deadpan.Event(name="sarcasm_on" | "sarcasm_off"):
                print(message.name, flush=True)
            case deadpan.Event(name="source_ended"):
                print("the recording has ended", flush=True)
                return
            case _:
                pass  # estimates five times a second, transcripts, and whatever a newer agent may add
        if subscription.losses:
            print(f"lost so far: {subscription.losses}", file=sys.stderr)


def glance(subscription: deadpan.Subscription) -> None:
    """Say how things stand. `latest` never waits, so it is asked once something has come."""
    if subscription.receive(timeout_s=5) is None:
        raise deadpan.SilenceError("no deadpan says anything; start one with: deadpan run")
    estimate = subscription.latest("estimate")
    if isinstance(estimate, deadpan.Estimate):
        print(f"{estimate.end_ns / 1e9:.1f} s: {described(estimate.sarcasm)}")
        for name, modality in estimate.modalities.items():
            print(f"  {name}: {modality.status}")


def turn(subscription: deadpan.Subscription) -> None:
    """What a turn-based assistant does: it knows from when to when the user spoke, and asks once they have finished."""
    subscription.receive(timeout_s=10)  # of what was before, nobody can tell
    began_ns = time.monotonic_ns()
    input("Say something, then press Return. ")
    ended_ns = time.monotonic_ns()
    start_ns, end_ns = subscription.session_ns(began_ns), subscription.session_ns(ended_ns)
    print(answer(subscription.at(start_ns, end_ns, timeout_s=3)))


async def task(subscription: deadpan.Subscription) -> None:
    """One task follows, another asks. Closing the subscription ends the one that follows."""

    async def listen() -> int:
        count = 0
        async for _ in subscription:
            count += 1
        return count

    await subscription.receive_async(timeout_s=10)  # of what was before, nobody can tell
    listening = asyncio.create_task(listen())
    began_ns = time.monotonic_ns()
    await asyncio.sleep(5)
    start_ns, end_ns = (subscription.session_ns(each_ns) for each_ns in (began_ns, time.monotonic_ns()))
    print(answer(await subscription.at_async(start_ns, end_ns, timeout_s=3)))
    subscription.close()
    print(f"{await listening} messages meanwhile")


def answer(stretch: deadpan.Stretch) -> str:
    """A stretch of speech in words: the line a language model would be given, or why there is none."""
    if not stretch.rcs:
        return f"nothing to say: {stretch.reason.replace('_', ' ')}"
    return stretch.rcs if stretch.complete else f"{stretch.rcs} (so far)"


def described(sarcasm: deadpan.Sarcasm) -> str:
    """A probability in words."""
    if sarcasm.probability is None:
        return f"unknown ({sarcasm.reason.replace('_', ' ')})"
    return f"{sarcasm.probability:.0%} sarcastic"


def main(arguments: list[str] | None = None) -> int:
    """Subscribe, and do what was asked for. What goes wrong says itself what to do."""
    parser = argparse.ArgumentParser(prog="examples.subscriber")
    parser.add_argument("how", choices=["follow", "glance", "turn", "task"])
    parser.add_argument("endpoint", nargs="?", default=deadpan.DEFAULT_ENDPOINT)
    options = parser.parse_args(arguments)
    try:
        with deadpan.subscribe(options.endpoint, timeout_s=10) as subscription:
            match options.how:
                case "follow":
                    follow(subscription)
                case "glance":
                    glance(subscription)
                case "turn":
                    turn(subscription)
                case _:
                    asyncio.run(task(subscription))
    except deadpan.StreamError as error:  # nobody there, another version, a key that is wanted: its text says which
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
