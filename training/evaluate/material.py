"""Where an evaluation finds its clips, its label tables and what it has computed before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Material:
    """`clips`: folders or bare repositories of clips; `data`: label tables and speech; `cache`: what may be deleted."""

    clips: tuple[Path, ...]
    data: Path
    cache: Path
