"""Clips in, the projection of what the recognizer's ears hear out: `python -m training.sound [--clips PATH ...]`.

Principal components, whitened, of the encoder's pooled states over the talk so far, a second after its beginning and
every second from then on. They come from the various clips of shows that nothing is ever tested on; no label enters.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.decomposition import PCA

from encoders.sound import SOUND_DIMS, WINDOW_HOPS, open_ears, pool_states
from training.clips.corpora import VARIOUS
from training.clips.hearing import cut_after_speech
from training.clips.media import SAMPLE_RATE_HZ, decode_audio
from training.clips.paths import WEIGHTS
from training.clips.sources import read_clips
from training.parts import part_of
from training.sums import write_sums

LONGEST = WINDOW_HOPS * SAMPLE_RATE_HZ // 10


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m training.sound", description=__doc__)
    arguments.add_argument("--clips", type=Path, nargs="*", default=[], help="as for python -m training.clips")
    options = arguments.parse_args()
    clips = [clip for clip in read_clips(options.clips) if clip.corpus == VARIOUS and part_of(clip.show) is None]
    if not clips:
        arguments.error("no clips of shows that nothing is tested on; the projection that is there stays")
    ears = open_ears()
    pooled = [
        pool_states(ears, talk)
        for clip in track(clips, description="listening")
        for talk in grow_talk(cut_after_speech(decode_audio(clip.path).pcm).pcm)
    ]
    mean, matrix = fit_projection(np.array(pooled))
    np.savez_compressed(WEIGHTS / "sound.npz", mean=mean, matrix=matrix)
    write_sums(WEIGHTS)
    print(f"{len(pooled)} stretches of {len(clips)} clips")


def grow_talk(pcm: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The sound up to each full second, and all of it; never more than the last six seconds."""
    ends = [*range(SAMPLE_RATE_HZ, len(pcm) - SAMPLE_RATE_HZ // 2, SAMPLE_RATE_HZ), len(pcm)]
    for end in ends:
        if end >= SAMPLE_RATE_HZ // 2:
            yield pcm[max(0, end - LONGEST) : end]


def fit_projection(pooled: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean [width] and whitening matrix [width, 32] of pooled states [n, width], each state first to unit spread."""
    mean, spread = pooled.mean(axis=0), pooled.std(axis=0) + 1e-6
    components = PCA(len(SOUND_DIMS), random_state=0).fit((pooled - mean) / spread)
    matrix = components.components_.T / np.sqrt(components.explained_variance_) / spread[:, None]
    return mean.astype(np.float32), matrix.astype(np.float32)


if __name__ == "__main__":
    main()
