from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import (
    CameraConfig,
    Config,
    ConfigError,
    FusionConfig,
    MicrophoneConfig,
    PublishConfig,
    check,
    found,
    load,
)

SHIPPED = Path(__file__).parents[2] / "config.yaml"


def _written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_is_the_defaults() -> None:
    assert load(SHIPPED) == Config()


def test_the_shipped_file_names_every_setting() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    for section in Config.__dataclass_fields__:
        assert f"\n{section}:" in text
        for name in getattr(getattr(Config(), section), "__dataclass_fields__", ()):
            assert f"\n  {name}: " in text


def test_without_a_file_everything_is_at_its_default() -> None:
    assert load(None) == Config()


def test_what_a_file_leaves_out_stays_at_its_default(tmp_path: Path) -> None:
    config = load(_written(tmp_path, "camera: {rate_hz: 30, device: 1}\nmicrophone: {device: USB}\n"))
    assert config.camera == CameraConfig(device=1, rate_hz=30.0)
    assert config.microphone == MicrophoneConfig(device="USB")
    assert config.fusion == FusionConfig()


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_file_is_the_defaults(tmp_path: Path, text: str) -> None:
    assert load(_written(tmp_path, text)) == Config()


def test_the_file_beside_is_found_and_its_absence_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert found(None) == Config()
    _written(tmp_path, "publish: {stream: kitchen}")
    assert found(None).publish == PublishConfig(stream="kitchen")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fusoin: {}", r"unknown key fusoin; did you mean fusion\?"),
        ("fusion: {tick_khz: 5}", r"unknown key fusion\.tick_khz; did you mean tick_hz\?"),
        ("fusion: {zzz: 5}", r"unknown key fusion\.zzz; there are: tick_hz, window_s"),
        ("1: 2", r"unknown key 1; there are: source"),
        ("camera: none", "camera must be a table of keys and values"),
        ("- camera", "the file must be a table of keys and values"),
        ("fusion: {tick_hz: fast}", r"fusion\.tick_hz: Expected `float`, got `str`"),
        ("camera: {width: 640.5}", r"camera\.width: Expected `int`, got `float`"),
        ("camera: {device: true}", r"camera\.device: Expected `int \| str`, got `bool`"),
        ("publish: {encoding: xml}", r"publish\.encoding: Invalid enum value 'xml'"),
        ("fusion: {tick_hz: 20}", r"fusion\.tick_hz must be between 2 and 10"),
        ("fusion: {tick_hz: .nan}", r"fusion\.tick_hz must be between 2 and 10"),
        ("fusion: {window_s: 0.5}", r"fusion\.window_s must be between 1 and 60"),
        ("fusion: {max_wait_s: 4}", "0 <= max_wait_s <= lateness_s"),
        ("fusion: {base_rate: 1}", r"fusion\.base_rate must be between 0\.001 and 0\.999"),
        ("camera: {rate_hz: 0}", r"camera\.rate_hz must be between 1 and 60"),
        ("camera: {height: 8}", "must be 64 to 4096"),
        ("speech: {step_s: 0}", "0.1 <= step_s <= max_utterance_s"),
        ("speech: {hangover_s: 3}", r"speech\.hangover_s must be between 0\.1 and 2"),
        ("speech: {engine: wisper}", r"speech\.engine: there is no speech engine 'wisper'; did you mean whisper\?"),
        ("speech: {engine: 'whisper:huge'}", r"speech\.engine: whisper has no model 'huge'; there are: base\.en"),
        ("speech: {engine: 5}", r"speech\.engine: Expected `str`, got `int`"),
        ("speech: {language: english}", r"speech\.language must be auto or a code such as en or de, got english"),
        ("publish: {stream: a/b}", r"publish\.stream must be 1 to 64 letters"),
        ("supervision: {silence_s: 0.5}", r"supervision\.silence_s must exceed pulse_s"),
        ("supervision: {pulse_s: 0}", r"supervision\.pulse_s must be"),
        ("supervision: {restarts: -1}", r"supervision\.restarts must be"),
        ("supervision: {start_s: -1}", r"supervision\.start_s"),
        ("camera: {device: [", "not YAML"),
        ("camera: !!python/object:os.system {}", "not YAML"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = _written(tmp_path, text)
    with pytest.raises(ConfigError, match=said) as refused:
        load(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("engine", ["auto", "moonshine", "whisper", "whisper:base.en", "faster-whisper:/some/folder"])
def test_an_engine_is_kept_as_it_was_written(tmp_path: Path, engine: str) -> None:
    speech = load(_written(tmp_path, f"speech: {{engine: {engine}, language: auto}}")).speech
    assert (speech.engine, speech.language) == (engine, "auto")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        load(tmp_path / "none.yaml")


def test_what_is_no_text_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    (tmp_path / "picture.yaml").write_bytes(b"\xff\xd8\xff\xe0")
    for path in (tmp_path, tmp_path / "picture.yaml"):
        with pytest.raises(ConfigError, match="cannot be read"):
            load(path)


def test_settings_from_elsewhere_are_checked_by_the_same_rules() -> None:
    with pytest.raises(ConfigError, match=r"command line: fusion\.tick_hz"):
        check(Config(fusion=FusionConfig(tick_hz=50)), "command line")
    assert check(Config(), "command line") == Config()
