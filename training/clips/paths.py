"""Where a checkout keeps clips, label tables, models and caches: nothing in, default paths out."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".training"
MEDIA = CACHE / "media"
DATA = ROOT.parent / "shared" / "data"
WEIGHTS = ROOT / "encoders" / "weights"
CARD = ROOT / "docs" / "model-card.md"
