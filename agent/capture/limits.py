"""A stream or a decoded frame in; whether it is within what any camera or microphone gives, out.

What lies beyond is a mistake or an attack: a file of a kilobyte may claim pictures that take all memory there is.
"""

from __future__ import annotations

import av

from agent.capture.source import CaptureError, Problem

MOST_PIXELS, LONGEST_EDGE_PX = 4096 * 4096, 16_384
MOST_CHANNELS = 64
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1_000, 768_000
MOST_SAMPLES = 1 << 20
"""In one decoded frame, of all channels together: FFmpeg's own demuxers cut uncompressed sound far shorter."""
MOST_STREAMS = 64

DECODING = {"max_pixels": str(MOST_PIXELS), "max_samples": str(MOST_SAMPLES)}
"""The same for FFmpeg's decoders, which then refuse before they allocate: ffmpeg-codecs(1)."""
DEMUXING = {"max_streams": str(MOST_STREAMS), "indexmem": str(1 << 16)}
"""Of what a file holds where, for each of its streams, FFmpeg keeps 64 kB instead of 1 MB, with gaps where that is not
enough: it is asked for once, when a process is started again in the midst of a recording.
"""


def check_pictures(width: int, height: int) -> None:
    """Raises CaptureError (unsupported) for pictures that are too large."""
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_EDGE_PX:
        raise CaptureError(
            Problem.UNSUPPORTED,
            f"Its pictures are {width}×{height}: more than {MOST_PIXELS / 1e6:.0f} million pixels, or longer than"
            f" {LONGEST_EDGE_PX}, are not read. Scale it down, for instance: ffmpeg -i IN -vf scale=1280:-2 OUT",
        )


def check_sound(channels: int, rate_hz: int) -> None:
    """Raises CaptureError (unsupported) for sound of too many channels, or at a rate that is none."""
    if not 0 < channels <= MOST_CHANNELS:  # 0: more than FFmpeg itself can tell apart
        raise CaptureError(
            Problem.UNSUPPORTED,
            f"Its sound has {channels or 'no known number of'} channels; up to {MOST_CHANNELS} are read. Mix it down,"
            " for instance: ffmpeg -i IN -ac 1 OUT",
        )
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise CaptureError(
            Problem.UNSUPPORTED,
            f"Its sound claims {rate_hz} samples a second; {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} are read.",
        )


def is_excessive(frame: av.VideoFrame | av.AudioFrame) -> bool:
    """Whether a frame is beyond the limits, whatever the header said."""
    if isinstance(frame, av.VideoFrame):
        return frame.width * frame.height > MOST_PIXELS or max(frame.width, frame.height) > LONGEST_EDGE_PX
    channels = frame.layout.nb_channels
    return (
        not 0 < channels <= MOST_CHANNELS
        or not LOWEST_RATE_HZ <= frame.sample_rate <= HIGHEST_RATE_HZ
        or frame.samples * channels > MOST_SAMPLES
    )
