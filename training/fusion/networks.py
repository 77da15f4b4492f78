"""The learned f(): standardised evidence in, each member's log odds of sarcasm out.

All share their front ends (words by attention, voice and face by two convolutions and attention) and stand on the late
average, which is fitted first and does not move: what each of them learns is a correction, and starts from none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.samples import Modality
from fusion.evidence import ORDER, STEP_NS, STEPS
from training.fusion.members import Convolution, Linear, Pooling, attend

WIDE = 16
COARSE = 2  # steps of evidence to one of the networks': 200 ms
WORD_PARTS = 16  # principal components of the words' vectors
PROSODY, SOUND, FACE = 10, 32, 15
"""Of a voice vector the first and the rest, of a face vector the last: deviations from the person's own baseline."""
MARKS = ("duration_s", "pause_s", "sentiment", "log_odds")
"""What a network is told of a word. How long somebody has been speaking is not among it: in television it tells."""
AUXILIARY = ("sarcasm", "valence", "arousal")
DROPOUT = 0.3
VOICE = ORDER.index(Modality.VOICE)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Evidence [members or 1, batch, ...], standardised; fields as in fusion.evidence.Evidence.

    A batch of one counts for all: only `readings` and `presence` need to be as many as are asked about.
    """

    words: Tensor  # [.., WORDS, WORD_PARTS]
    word_marks: Tensor  # [.., WORDS, len(MARKS)]
    word_s: Tensor  # [.., WORDS]: each word's middle, from the window's end
    word_mask: Tensor
    voice: Tensor  # [.., steps, PROSODY]
    voice_mask: Tensor
    sound: (
        Tensor  # [.., 2 * SOUND]: what the newest voice vector holds of the last seconds, and the mean of the stretch
    )
    face: Tensor  # [.., steps, FACE]
    face_mask: Tensor
    readings: Tensor
    presence: Tensor


@dataclass(frozen=True, slots=True)
class Answers:
    """Log odds [members, batch]; what each modality alone would say [members, batch, 3, AUXILIARY]."""

    log_odds: Tensor
    alone: Tensor


@dataclass(frozen=True, slots=True)
class Read:
    """One modality: its course [members, batch, steps, WIDE], the mask of it, and the whole [members, batch, WIDE]."""

    course: Tensor
    mask: Tensor
    whole: Tensor


class FrontEnds(nn.Module):
    """Evidence in, the three modalities read each by itself out. A missing modality is a learned vector."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.word = Linear(members, WORD_PARTS, WIDE)
        self.mark = Linear(members, len(MARKS), WIDE)
        self.voice = Convolution(members, PROSODY, WIDE)
        self.voice_again = Convolution(members, WIDE, WIDE, apart=2)
        self.face = Convolution(members, FACE, WIDE)
        self.face_again = Convolution(members, WIDE, WIDE, apart=2)
        self.pools = nn.ModuleList(Pooling(members, WIDE) for _ in range(3))
        self.sound = Linear(members, 2 * SOUND, WIDE)
        self.wholes = nn.ModuleList(Linear(members, wide + 3, WIDE) for wide in (WIDE, 2 * WIDE, WIDE))
        self.missing = nn.Parameter(torch.zeros(members, 1, 3, WIDE))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, inputs: Inputs) -> list[Read]:
        words = functional.gelu(self.word(inputs.words) + self.mark(inputs.word_marks))
        voice = self._course(self.voice, self.voice_again, inputs.voice, inputs.voice_mask)
        face = self._course(self.face, self.face_again, inputs.face, inputs.face_mask)
        courses = ((words, inputs.word_mask), (voice, inputs.voice_mask), (face, inputs.face_mask))
        return [self._read(i, self.dropout(course), mask, inputs) for i, (course, mask) in enumerate(courses)]

    def _course(self, first: nn.Module, second: nn.Module, x: Tensor, mask: Tensor) -> Tensor:
        near = functional.gelu(first(x * mask[..., None]))
        far: Tensor = near + functional.gelu(second(near))
        return far

    def _read(self, i: int, course: Tensor, mask: Tensor, inputs: Inputs) -> Read:
        presence = inputs.presence[:, :, i, None]
        mask = mask * (presence > 0)
        pooled = self.pools[i](course, mask)
        reading = inputs.readings[:, :, i].expand(pooled.shape[0], -1, -1)
        parts = [pooled, reading]
        if i == VOICE:
            parts.append(self.sound(self.dropout(inputs.sound)).expand_as(pooled))
        whole = torch.tanh(self.wholes[i](torch.cat(parts, dim=-1)))
        return Read(course, mask, self.dropout(presence * whole + (1 - presence) * self.missing[:, :, i]))


class Concat(nn.Module):
    """The three side by side."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.mix = Linear(members, 3 * WIDE, WIDE)
        self.say = Linear(members, WIDE, 1, zero=True)

    def forward(self, reads: list[Read]) -> Tensor:
        return self.say(functional.gelu(self.mix(torch.cat([each.whole for each in reads], dim=-1))))[..., 0]


class Sum(nn.Module):
    """The three added up."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.mix = Linear(members, WIDE, WIDE)
        self.say = Linear(members, WIDE, 1, zero=True)

    def forward(self, reads: list[Read]) -> Tensor:
        return self.say(functional.gelu(self.mix(reads[0].whole + reads[1].whole + reads[2].whole)))[..., 0]


class Gated(nn.Module):
    """The three side by side behind a mask that selects: an L1 penalty closes what does not pay."""

    def __init__(self, members: int) -> None:
        super().__init__()
        self.mask = nn.Parameter(torch.full((members, 1, 3 * WIDE), 0.5))
        self.say = Linear(members, 3 * WIDE, 1, zero=True)

    def forward(self, reads: list[Read]) -> Tensor:
        every = torch.cat([each.whole for each in reads], dim=-1)
        return self.say(every * self.open)[..., 0]

    @property
    def open(self) -> Tensor:
        """How far each number passes, in [0, 1]: exactly 0 once closed."""
        return self.mask.clamp(0.0, 1.0)


class Attention(nn.Module):
    """One course looks at another around its own time; what it finds is added to it.

    Beside how alike they are, a learned bias says when to look: a bell of learned width around a learned lag, both in
    seconds, over the difference of their times.
    """

    def __init__(self, members: int) -> None:
        super().__init__()
        self.ask = Linear(members, WIDE, WIDE)
        self.key = Linear(members, WIDE, WIDE)
        self.value = Linear(members, WIDE, WIDE)
        self.lag_s = nn.Parameter(torch.zeros(members, 1, 1, 1))
        self.log_width = nn.Parameter(torch.zeros(members, 1, 1, 1))

    def forward(self, course: Tensor, at_s: Tensor, other: Read, other_s: Tensor) -> Tensor:
        alike = torch.matmul(self.ask(course), self.key(other.course).transpose(-1, -2)) / WIDE**0.5
        apart_s = other_s.unsqueeze(-2) - at_s.unsqueeze(-1) - self.lag_s
        bell = -0.5 * torch.square(apart_s / self.log_width.exp().clamp(0.1, 10.0))
        found = torch.matmul(attend(alike + bell, other.mask.unsqueeze(-2)), self.value(other.course))
        return course + torch.tanh(found)


class Cross(nn.Module):
    """Word by word: courses look at each other around their own time, and are weighed again in that light.

    All at once: words attend to voice and face, voice and face to the words. Chained: the words condition the voice,
    then both condition the face.
    """

    def __init__(self, members: int, *, chained: bool) -> None:
        super().__init__()
        self.chained = chained
        self.looks = nn.ModuleList(Attention(members) for _ in range(3 if chained else 4))
        self.pools = nn.ModuleList(Pooling(members, WIDE) for _ in range(3))
        self.mix = Linear(members, 6 * WIDE, WIDE)
        self.say = Linear(members, WIDE, 1, zero=True)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, reads: list[Read], word_s: Tensor, step_s: Tensor) -> Tensor:
        text, voice, face = reads
        if self.chained:
            voiced = self.looks[0](voice.course, step_s, text, word_s)
            faced = self.looks[1](face.course, step_s, text, word_s)
            faced = self.looks[2](faced, step_s, Read(voiced, voice.mask, voice.whole), step_s)
            courses = (text.course, voiced, faced)
        else:
            worded = self.looks[0](text.course, word_s, voice, step_s)
            worded = self.looks[1](worded, word_s, face, step_s)
            courses = (
                worded,
                self.looks[2](voice.course, step_s, text, word_s),
                self.looks[3](face.course, step_s, text, word_s),
            )
        again = [pool(course, each.mask) for pool, course, each in zip(self.pools, courses, reads, strict=True)]
        every = torch.cat([*(each.whole for each in reads), *map(self.dropout, again)], dim=-1)
        return self.say(functional.gelu(self.mix(every)))[..., 0]


class Network(nn.Module):
    """A learned f(): each member's own correction of the late average, which is told to it."""

    def __init__(self, name: str, members: int) -> None:
        super().__init__()
        self.front = FrontEnds(members)
        self.join = JOINS[name](members)
        self.alone = nn.ModuleList(Linear(members, WIDE, len(AUXILIARY)) for _ in range(3))
        steps = STEPS // COARSE
        centres = (torch.arange(steps) - steps + 0.5) * (COARSE * STEP_NS / 1e9)
        self.register_buffer("step_s", centres.reshape(1, 1, steps))

    def forward(self, inputs: Inputs, late: Tensor) -> Answers:
        """`late` [members, batch]: what the late average says."""
        reads = self.front(inputs)
        times = (inputs.word_s, self.step_s) if isinstance(self.join, Cross) else ()
        correction = self.join(reads, *times)
        alone = torch.stack([say(each.whole) for say, each in zip(self.alone, reads, strict=True)], dim=2)
        return Answers(late + correction, alone)


JOINS: dict[str, Callable[[int], nn.Module]] = {
    "concat": Concat,
    "sum": Sum,
    "gated": Gated,
    "cross": lambda members: Cross(members, chained=False),
    "cross-chained": lambda members: Cross(members, chained=True),
}
