from __future__ import annotations

import pytest

from agent.config import Config, ConfigError, FusionConfig, check


def test_settings_from_elsewhere_are_checked_by_the_same_rules() -> None:
    with pytest.raises(ConfigError, match=r"command line: fusion\.tick_hz"):
        check(Config(fusion=FusionConfig(tick_hz=50)), "command line")
    assert check(Config(), "command line") == Config()
