"""An open container in, the decoded frames of one of its streams out, with damage counted instead of raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, TypeVar, overload

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from agent.capture.limits import DECODING, is_excessive
from agent.capture.source import CaptureError, Problem
from encoders.samples import NS_PER_S

# Containers that state their duration, rather than have FFmpeg guess it from size and bit rate.
_STATES_DURATION = ("mov,", "matroska,", "avi", "wav", "flac", "ogg")
_END_TOLERANCE_NS = NS_PER_S
_LEAP_NS = 60 * NS_PER_S

Frame = TypeVar("Frame", av.VideoFrame, av.AudioFrame)


@overload
def decode(container: InputContainer, stream: VideoStream, losses: Counter[str]) -> Iterator[av.VideoFrame]: ...
@overload
def decode(container: InputContainer, stream: AudioStream, losses: Counter[str]) -> Iterator[av.AudioFrame]: ...
def decode(
    container: InputContainer, stream: VideoStream | AudioStream, losses: Counter[str]
) -> Iterator[av.VideoFrame] | Iterator[av.AudioFrame]:
    """Every frame of `stream` that decodes, in order.

    Damage does not raise: packets that do not decode are counted as `decode_errors`, frames that decoded with holes as
    `corrupt`, those beyond the limits as `excessive`, and a file that ends before it said it would as `truncated`.
    Raises CaptureError: vanished for a network that went, unsupported without a decoder.
    """
    if stream.codec_context is None:
        raise CaptureError(Problem.UNSUPPORTED, "The recording is in a format this installation cannot decode.")
    return _decode(container, stream, losses)


def _decode(container: InputContainer, stream: VideoStream | AudioStream, losses: Counter[str]) -> Iterator[Any]:
    stream.codec_context.thread_count = 1
    stream.codec_context.options = dict(DECODING)
    end = Fraction(0)
    try:
        # All streams are read, though one is decoded: the last packet of any tells whether the file is whole.
        for packet in container.demux():
            if packet.pts is not None and packet.time_base is not None:
                end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
            if packet.stream_index == stream.index:
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
        if end * NS_PER_S < promised_ns - _END_TOLERANCE_NS:
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


def timed(frames: Iterator[Frame], origin_s: Fraction, losses: Counter[str]) -> Iterator[tuple[int | None, Frame]]:
    """Each frame with its own time on the session axis, None where the file does not say.

    A lone frame more than a minute ahead of its neighbours is damage, not time: left out and counted as `leaps`.
    """
    last_ns = 0
    leap: tuple[int, Frame] | None = None
    for frame in frames:
        now_ns = _pts_ns(frame, origin_s)
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


def _pts_ns(frame: av.VideoFrame | av.AudioFrame, origin_s: Fraction) -> int | None:
    pts = frame.pts if frame.pts is not None else frame.dts
    if pts is None or frame.time_base is None:
        return None
    return int((pts * frame.time_base - origin_s) * NS_PER_S)
