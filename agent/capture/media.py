"""A path or address in, an open FFmpeg container or a clear CaptureError out; and what a recording holds."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from agent.capture.limits import DECODING, DEMUXING, check_pictures, check_sound
from agent.capture.source import CaptureError, Problem
from encoders.samples import NS_PER_S

Location: TypeAlias = str | os.PathLike[str]

# FFmpeg follows references inside playlists. A local file may lead to local files, an address to the network, and
# neither to the other or to FFmpeg's stranger protocols (subfile, concat, pipe, data, gopher …).
_PROTOCOLS = {
    "file": "file",
    "http": "http,https,tcp,tls,crypto",
    "https": "http,https,tcp,tls,crypto",
    "rtsp": "rtsp,rtp,srtp,udp,tcp,tls",
    "rtsps": "rtsp,rtsps,rtp,srtp,udp,tcp,tls",
}
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Recording:
    """What a recording says of itself, read from its header; None where it does not say.

    `location` is what to open it by again, so it may carry a password: show shown(location).
    """

    location: str
    has_video: bool
    has_audio: bool
    duration_ns: int | None
    frame_rate_hz: float | None
    width: int | None
    height: int | None
    sample_rate_hz: int | None
    channels: int | None


def is_address(location: Location) -> bool:
    """Whether this is a URL rather than a path."""
    return isinstance(location, str) and "://" in location


def shown(location: Location | int) -> str:
    """The location as people and logs may see it: without the user and password an address may carry."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", str(location))


def open_media(location: Location, *, live: bool = False) -> InputContainer:
    """Open a path or a URL (http, https, rtsp, rtsps, file) for reading. `live` asks for low delay over analysis.

    Raises CaptureError: absent, forbidden, not_media, or vanished when the far side does not answer within 5 s.
    """
    scheme, url = _resolve(location)
    options = {"protocol_whitelist": _PROTOCOLS[scheme]} | DEMUXING
    if live:
        options |= {"fflags": "nobuffer", "analyzeduration": "500000", "probesize": "500000"}
    if scheme.startswith("rtsp"):
        options["rtsp_transport"] = "tcp"  # pictures torn by lost packets would read as faces
    try:
        container = av.open(
            url,
            metadata_errors="replace",
            options=DECODING,  # to find out what there is, a few frames are decoded
            container_options=options,
            timeout=None if scheme == "file" else _TIMEOUT_S,
        )
    except (av.error.FFmpegError, OSError) as error:
        raise _explain(error, shown(location), scheme) from error
    if container.format.name == "tty":  # FFmpeg draws any .txt file as pictures of text
        container.close()
        raise CaptureError(Problem.NOT_MEDIA, f"{shown(location)} is a text file, not a recording.")
    return container


def best_video(container: InputContainer) -> VideoStream | None:
    """The container's main moving pictures; cover art is not video. Raises CaptureError where they are too large."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        return None
    if stream.codec_context is not None:
        check_pictures(stream.width, stream.height)
    return stream


def best_audio(container: InputContainer) -> AudioStream | None:
    """The container's main sound. Raises CaptureError where it is beyond what is read."""
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        return None
    if stream.codec_context is not None:
        check_sound(stream.channels, stream.rate)
    return stream


def skip(container: InputContainer, pts_ns: int) -> None:
    """Move to the last place before a moment of the session axis from which decoding can begin, if there is one."""
    with suppress(av.error.FFmpegError, OSError):  # then it is read from where it is
        container.seek(int((Fraction(pts_ns, NS_PER_S) + origin_s(container)) * av.time_base))


def origin_s(container: InputContainer) -> Fraction:
    """Where the session axis starts on the container's: its earliest main stream's start, exactly."""
    starts = [
        stream.start_time * stream.time_base
        for stream in (best_video(container), best_audio(container))
        if stream is not None and stream.start_time is not None and stream.time_base is not None
    ]
    return min(starts, default=Fraction(0))


def probe(location: Location) -> Recording:
    """Read a recording's header. Raises CaptureError as open_media does, and `empty` without sound and pictures."""
    with open_media(location) as container:
        video, audio = best_video(container), best_audio(container)
        if video is None and audio is None:
            raise CaptureError(Problem.EMPTY, f"{shown(location)} holds neither sound nor moving pictures.")
        rate = video.guessed_rate if video is not None else None
        known_video = video if video is not None and video.codec_context is not None else None
        known_audio = audio if audio is not None and audio.codec_context is not None else None
        return Recording(
            location=str(location),
            has_video=video is not None,
            has_audio=audio is not None,
            duration_ns=container.duration * 1000 if container.duration is not None else None,  # FFmpeg counts µs
            frame_rate_hz=float(rate) if rate else None,
            width=known_video.width if known_video is not None else None,
            height=known_video.height if known_video is not None else None,
            sample_rate_hz=known_audio.rate if known_audio is not None else None,
            channels=known_audio.channels if known_audio is not None else None,
        )


def _resolve(location: Location) -> tuple[str, str]:
    """Scheme and the exact address FFmpeg is given; a path becomes absolute, so that none reads as a protocol."""
    if is_address(location):
        url = str(location)
        scheme = url.split("://", 1)[0].lower()
        if scheme not in _PROTOCOLS:
            known = ", ".join(_PROTOCOLS)
            raise CaptureError(
                Problem.UNSUPPORTED, f"{shown(url)}: cannot read from {scheme}://. Give a path, or one of: {known}."
            )
        return scheme, url
    path = Path(location).expanduser().absolute()
    if not path.exists():
        raise CaptureError(Problem.ABSENT, f"No such file: {location}.")
    if path.is_dir():
        raise CaptureError(Problem.NOT_MEDIA, f"{location} is a folder. Give one recording in it.")
    if path.is_file() and path.stat().st_size == 0:
        raise CaptureError(Problem.EMPTY, f"{location} is an empty file.")
    return "file", f"file:{path}"


def _explain(error: Exception, location: str, scheme: str) -> CaptureError:
    remote = scheme != "file"
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return CaptureError(
                Problem.FORBIDDEN, f"{location} asks for a login. Put it in the address: user:word@host."
            )
        case PermissionError():
            return CaptureError(Problem.FORBIDDEN, f"Not allowed to read {location}. Check its permissions.")
        case FileNotFoundError() | av.error.HTTPNotFoundError():
            return CaptureError(Problem.ABSENT, f"Nothing found at {location}.")
        case av.error.ProtocolNotFoundError():
            return CaptureError(Problem.UNSUPPORTED, f"This installation cannot read {scheme}:// addresses.")
        case av.error.ExitError() | TimeoutError():
            return CaptureError(Problem.VANISHED, f"{location} did not answer within {_TIMEOUT_S:.0f} s.")
        case av.error.InvalidDataError():
            return CaptureError(
                Problem.NOT_MEDIA,
                f"{location} holds no sound or pictures FFmpeg can read, or was cut before its index.",
            )
        case _ if remote:
            return CaptureError(Problem.ABSENT, f"Cannot reach {location}: {_reason(error)}.")
        case _:
            return CaptureError(Problem.NOT_MEDIA, f"Cannot read {location}: {_reason(error)}.")


def _reason(error: Exception) -> str:
    """The error without the address FFmpeg adds to it."""
    return getattr(error, "strerror", None) or str(error)
