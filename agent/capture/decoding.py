"""An open container in, the decoded frames of one of its streams out, with damage counted instead of raised."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, TypeVar, overload

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from agent.capture.limits import DECODING, is_excessive
from agent.capture.source import CaptureError, Problem, Step, no_step
from encoders.samples import NS_PER_S

# Containers that state their duration, rather than have FFmpeg guess it from size and bit rate.
_STATES_DURATION = ("mov,", "matroska,", "avi", "wav", "flac", "ogg")
_END_TOLERANCE_NS = NS_PER_S
_LEAP_NS = 60 * NS_PER_S

Frame = TypeVar("Frame", av.VideoFrame, av.AudioFrame)


@overload
def decode(
    container: InputContainer,
    stream: VideoStream,
    losses: Counter[str],
    is_spare: Callable[[int], bool] | None = None,
    *,
    step: Step = ...,
) -> Iterator[av.VideoFrame]: ...
@overload
def decode(
    container: InputContainer, stream: AudioStream, losses: Counter[str], *, step: Step = ...
) -> Iterator[av.AudioFrame]: ...
def decode(
    container: InputContainer,
    stream: VideoStream | AudioStream,
    losses: Counter[str],
    is_spare: Callable[[int], bool] | None = None,
    *,
    step: Step = no_step,
) -> Iterator[av.VideoFrame] | Iterator[av.AudioFrame]:
    """Every frame of `stream` that decodes, in order; but those that `is_spare` calls so, and that no other frame is
    decoded from, may be left out. It is asked once for each packet that states its time, in ticks of the stream.
    `step` is called for each packet of any stream, before it is decoded.

    Damage does not raise: packets that do not decode are counted as `decode_errors`, frames that decoded with holes as
    `corrupt`, those beyond the limits as `excessive`, and a file that ends before it said it would as `truncated`.
    Raises CaptureError: vanished for a network that went, unsupported without a decoder.
    """
    if stream.codec_context is None:
        raise CaptureError(Problem.UNSUPPORTED, "The recording is in a format this installation cannot decode.")
    return _decode(container, stream, losses, is_spare, step)


def _decode(
    container: InputContainer,
    stream: VideoStream | AudioStream,
    losses: Counter[str],
    is_spare: Callable[[int], bool] | None,
    step: Step,
) -> Iterator[Any]:
    context = stream.codec_context
    context.thread_count = 1
    context.options = dict(DECODING)
    each_for_itself = context.codec.intra_only
    ends: dict[int, int] = {}
    try:
        # All streams are read, though one is decoded: the last packet of any tells whether the file is whole.
        for packet in container.demux():
            step()
            index, pts = packet.stream_index, packet.pts
            if pts is not None:
                ends[index] = max(ends.get(index, 0), pts + (packet.duration or 0))
            if index == stream.index:
                spare = is_spare is not None and pts is not None and is_spare(pts)
                if spare and each_for_itself:
                    continue
                context.skip_frame = "NONREF" if spare else "DEFAULT"
                yield from _decode_packet(stream, packet, losses)
    except (av.error.InvalidDataError, av.error.EOFError):
        losses["truncated"] += 1
        yield from _decode_packet(stream, None, losses)
        return
    except (av.error.ExitError, av.error.HTTPError, OSError) as error:
        raise CaptureError(
            Problem.VANISHED, f"The recording stopped while it was being read: {error.strerror}."
        ) from error
    if container.duration is not None and container.format.name.startswith(_STATES_DURATION):
        promised_ns = container.duration * 1000 + (container.start_time or 0) * 1000
        bases = {each.index: each.time_base for each in container.streams}
        end_s = max((end * base for index, end in ends.items() if (base := bases[index]) is not None), default=0)
        if end_s * NS_PER_S < promised_ns - _END_TOLERANCE_NS:
            losses["truncated"] += 1


def _decode_packet(
    stream: VideoStream | AudioStream, packet: av.Packet[Any] | None, losses: Counter[str]
) -> Iterator[av.VideoFrame | av.AudioFrame]:
    try:
        frames = stream.decode(packet)
    except av.error.EOFError:  # the stream itself said that it ended
        return
    except av.error.FFmpegError:
        losses["decode_errors"] += 1
        return
    for frame in frames:
        if frame.is_corrupt:
            losses["corrupt"] += 1
        elif is_excessive(frame):
            losses["excessive"] += 1
        else:
            yield frame


def ticks_ns(time_base: Fraction, origin_s: Fraction) -> Callable[[int], int]:
    """What takes ticks of a stream to nanoseconds of the session axis, exactly but for what is less than one."""
    begin_ns, tick_ns = origin_s * NS_PER_S, time_base * NS_PER_S
    parts = math.lcm(begin_ns.denominator, tick_ns.denominator)
    begin, tick = int(begin_ns * parts), int(tick_ns * parts)

    def time_ns(pts: int) -> int:
        passed = pts * tick - begin
        return passed // parts if passed >= 0 else -(-passed // parts)

    return time_ns


def timed(frames: Iterator[Frame], origin_s: Fraction, losses: Counter[str]) -> Iterator[tuple[int | None, Frame]]:
    """Each frame with its own time on the session axis, None where the file does not say.

    A lone frame more than a minute ahead of its neighbours is damage, not time: left out and counted as `leaps`.
    """
    last_ns = 0
    leap: tuple[int, Frame] | None = None
    time_base: Fraction | None = None
    for frame in frames:
        pts = frame.pts if frame.pts is not None else frame.dts
        if frame.time_base is not None and frame.time_base != time_base:
            time_base = frame.time_base
            time_ns = ticks_ns(time_base, origin_s)
        now_ns = None if pts is None or frame.time_base is None else time_ns(pts)
        if leap is not None:
            if now_ns is not None and now_ns < leap[0]:
                losses["leaps"] += 1
            else:
                last_ns = leap[0]
                yield leap
            leap = None
        if now_ns is not None and now_ns > last_ns + _LEAP_NS:
            leap = (now_ns, frame)
            continue
        last_ns = last_ns if now_ns is None else now_ns
        yield now_ns, frame
    if leap is not None:
        yield leap
