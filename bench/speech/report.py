"""Scores in, tables in Markdown out, and the page of figures that holds them."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.measure import percentile
from bench.speech.engines import versions
from bench.speech.errors import Errors, corpus_rate, interval_of_difference, interval_of_rate
from bench.speech.revisions import Delay
from bench.speech.scores import Invented, Score

PAGE = Path("docs/speech.md")
_BEGIN, _END = "<!-- bench-speech:begin -->", "<!-- bench-speech:end -->"
_NONE = "–"


def engine_table(engine: str, scores: Sequence[Score]) -> list[str]:
    """One engine: a row per measure with its target, a column per corpus."""
    corpora = {score.corpus: [one for one in scores if one.corpus == score.corpus] for score in scores}
    rows: list[tuple[str, str, Callable[[Sequence[Score]], str]]] = [
        ("recordings / minutes", "", _extent),
        ("word error rate, final text", "", lambda s: _rate([one.final_errors for one in s])),
        ("word error rate, committed text", "", lambda s: _rate([one.settled_errors for one in s])),
        ("word error rate, bare engine", "", lambda s: _rate([one.bare_errors for one in s])),
        (
            "committed text − bare engine, points",
            "≤ +2",
            lambda s: _difference([one.settled_errors for one in s], [one.bare_errors for one in s]),
        ),
        ("median of recordings: final / bare", "", _medians),
        ("recordings above 1: final / bare", "0", _above_one),
        ("words inserted: final / bare", "", _inserted),
        ("words committed before the final text", "", _early),
        ("of those, contradicted by the final text", "", _contradicted),
        ("edit overhead", "≤ 0.2", _overhead),
        ("first word → any word shown, ms", "", lambda s: _delays(d for one in s for d in one.first_word)),
        ("end of a word → committed, ms", "", lambda s: _delays(d for one in s for d in one.commit)),
        (
            "voice activity end → final text, ms",
            "150 / 250",
            lambda s: _shown(d for one in s for d in one.ending),
        ),
        ("end of speech → final text, ms", "350 / 500", lambda s: _delays(d for one in s for d in one.speech_end)),
        ("utterances cut in two, of 100", "", _cut_in_two),
        ("word starts, error, ms", "", lambda s: _time_errors(s, 0)),
        ("word ends, error, ms", "", lambda s: _time_errors(s, 1)),
        ("computing, s per s of audio: stream / bare", "", _factors),
        ("processor, s per s of audio: stream", "", lambda s: f"{_per_audio_s(s, [one.cpu_s for one in s]):.3f}"),
    ]
    table = [f"| {engine} | target | {' | '.join(corpora)} |", "|---|---|" + "---|" * len(corpora)]
    for what, target, measure in rows:
        table.append(f"| {what} | {target} | {' | '.join(measure(part) for part in corpora.values())} |")
    return table


def invented_table(engine: str, invented: Sequence[Invented]) -> list[str]:
    """Words heard in sound without speech."""
    table = [
        f"| {engine}: words heard in | minutes | target | final text | ever shown | bare engine |",
        "|---|---|---|---|---|---|",
    ]
    return table + [
        f"| {one.sound} | {one.minutes:.0f} | 0 | {one.final_words} | {one.shown_words} | {one.bare_words} |"
        for one in invented
    ]


def conditions(*, real_time: bool, busy: bool) -> str:
    """When, where and with what it was measured."""
    pace = "at real time" if real_time else "as fast as possible, delays in virtual time"
    if busy:
        pace += ", a busy machine, computing counted in processor time"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"Written by `make bench-speech` on {datetime.now(UTC):%Y-%m-%d}: fed {pace}; {machine}; {versions()}."


def write_page(body: Sequence[str], page: Path = PAGE) -> None:
    """Put the figures between the page's marks, and leave the rest as it is."""
    text = page.read_text(encoding="utf-8") if page.is_file() else f"# Speech\n\n{_BEGIN}{_END}\n"
    head, tail = text.split(_BEGIN)[0], text.split(_END)[1]
    page.write_text(head + "\n".join([_BEGIN, *body, _END]) + tail, encoding="utf-8")


def _extent(scores: Sequence[Score]) -> str:
    return f"{len(scores)} / {sum(one.audio_s for one in scores) / 60:.1f}"


def _rate(errors: Sequence[Errors]) -> str:
    low, high = interval_of_rate(errors)
    return f"{corpus_rate(errors):.3f} ({low:.3f} to {high:.3f})"


def _difference(one: Sequence[Errors], other: Sequence[Errors]) -> str:
    low, high = interval_of_difference(one, other)
    return f"{100 * (corpus_rate(one) - corpus_rate(other)):+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _medians(scores: Sequence[Score]) -> str:
    final = median(one.final_errors.rate for one in scores)
    return f"{final:.3f} / {median(one.bare_errors.rate for one in scores):.3f}"


def _above_one(scores: Sequence[Score]) -> str:
    return f"{sum(s.final_errors.rate > 1 for s in scores)} / {sum(s.bare_errors.rate > 1 for s in scores)}"


def _inserted(scores: Sequence[Score]) -> str:
    final = sum(one.final_errors.insertions for one in scores)
    return f"{final} / {sum(one.bare_errors.insertions for one in scores)}"


def _early(scores: Sequence[Score]) -> str:
    words = sum(one.words for one in scores)
    return f"{sum(one.early_words for one in scores) / words:.0%}" if words else _NONE


def _contradicted(scores: Sequence[Score]) -> str:
    early = sum(one.early_words for one in scores)
    return f"{sum(one.contradicted for one in scores) / early:.1%}" if early else _NONE


def _overhead(scores: Sequence[Score]) -> str:
    changes = sum(one.edits.changes for one in scores)
    needed = sum(one.edits.needed for one in scores)
    return f"{(changes - needed) / changes:.2f}" if changes else _NONE


def _cut_in_two(scores: Sequence[Score]) -> str:
    ended = [cut for one in scores for cut in one.cut_in_two]
    return f"{100 * sum(ended) / len(ended):.1f}" if ended else _NONE


def _delays(delays: Iterable[Delay]) -> str:
    """p50 / p95 with computing, and in brackets by the rules alone."""
    listed = list(delays)
    return f"{_shown(listed)} ({_pair([d.rules_s for d in listed])})" if listed else _NONE


def _shown(delays: Iterable[Delay]) -> str:
    listed = list(delays)
    return _pair([delay.shown_s for delay in listed]) if listed else _NONE


def _pair(seconds: list[float]) -> str:
    return f"{1000 * percentile(seconds, 0.5):.0f} / {1000 * percentile(seconds, 0.95):.0f}"


def _time_errors(scores: Sequence[Score], edge: int) -> str:
    """Median and 90th percentile of the absolute error, its median with its sign, and of how many words."""
    errors = [error[edge] for one in scores for error in one.word_times]
    if not errors:
        return _NONE
    absolute = [abs(error) for error in errors]
    timing = "/".join(sorted({one.timing for one in scores if one.word_times}))
    return (
        f"{1000 * median(absolute):.0f}, p90 {1000 * percentile(absolute, 0.9):.0f}, "
        f"bias {1000 * median(errors):+.0f} ({len(errors)} words, {timing})"
    )


def _factors(scores: Sequence[Score]) -> str:
    stream = _per_audio_s(scores, [one.compute_s for one in scores])
    return f"{stream:.3f} / {_per_audio_s(scores, [one.bare_s for one in scores]):.3f}"


def _per_audio_s(scores: Sequence[Score], seconds: Sequence[float]) -> float:
    return sum(seconds) / sum(one.audio_s for one in scores)
