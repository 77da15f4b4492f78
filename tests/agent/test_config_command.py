"""deadpan config, as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without a config.yaml."""
    monkeypatch.chdir(tmp_path)


def test_what_is_shown_can_be_kept_as_a_file_and_is_then_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("camera: {rate_hz: 10}\n")
    assert main(["config", "show", "--config", "mine.yaml"]) == 0
    Path("config.yaml").write_text(capsys.readouterr().out)
    assert main(["config", "check", "config.yaml"]) == 0
    assert capsys.readouterr().out == "config.yaml: ok\ncamera.rate_hz: 10.0 (default 15.0), config.yaml:6\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("camera: {rate: 10}", "mine.yaml: unknown key camera.rate; did you mean rate_hz?"),
        ("publish: {endpoint: 'tcp://0.0.0.0:5737'}", "tcp://0.0.0.0:5737"),
        ("publish: {keys: nowhere}", "nowhere"),
    ],
)
def test_a_file_of_no_use_is_refused_with_the_reason(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text(text)
    assert main(["config", "check", "mine.yaml"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("deadpan: ")
    assert said in told.err
    assert told.out == ""


def test_a_variable_that_is_misspelt_stops_whatever_reads_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEADPAN_CAMERA_RATE_HZ", "10")
    for command in (["config", "show"], ["run", "--source", "demo"], ["doctor"]):
        assert main(command) == 1
        assert "did you mean DEADPAN_CAMERA__RATE_HZ?" in capsys.readouterr().err
