"""Files, variables and defaults in, the settings in force and where each comes from out."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import CameraConfig, Config, ConfigError, FusionConfig, MicrophoneConfig, PublishConfig
from agent.settings import found, gather, keys, shown, value, variable

SHIPPED = Path(__file__).parents[2] / "config.yaml"


def _written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _load(path: Path) -> Config:
    return gather(path, {}).config


def test_the_shipped_file_is_the_defaults() -> None:
    assert _load(SHIPPED) == Config()


def test_what_a_file_leaves_out_stays_at_its_default(tmp_path: Path) -> None:
    config = _load(_written(tmp_path, "camera: {rate_hz: 30, device: 1}\nmicrophone: {device: USB}\n"))
    assert config.camera == CameraConfig(device=1, rate_hz=30.0)
    assert config.microphone == MicrophoneConfig(device="USB")
    assert config.fusion == FusionConfig()


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_file_is_the_defaults(tmp_path: Path, text: str) -> None:
    assert _load(_written(tmp_path, text)) == Config()


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
        ("fusion: {tick_hz: fast}", r"fusion\.tick_hz must be a number, not text"),
        ("camera: {width: 640.5}", r"camera\.width must be a whole number, not a fraction"),
        ("camera: {device: true}", r"camera\.device must be a whole number or text, not true or false"),
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
        ("speech: {engine: 5}", r"speech\.engine must be text, not a whole number"),
        ("speech: {language: english}", r"speech\.language must be auto or a code such as en or de, got english"),
        ("publish: {stream: a/b}", r"publish\.stream must be 1 to 64 letters"),
        ("supervision: {silence_s: 0.5}", r"supervision\.silence_s must exceed pulse_s"),
        ("supervision: {pulse_s: 0}", r"supervision\.pulse_s must be"),
        ("supervision: {restarts: -1}", r"supervision\.restarts must be"),
        ("supervision: {start_s: -1}", r"supervision\.start_s"),
        ("camera: {rate_hz: 10}\nsource: demo\ncamera: {}", "camera is there twice, in lines 1 and 3; remove one"),
        ("fusion:\n  tick_hz: 4\n  tick_hz: 5", "fusion.tick_hz is there twice, in lines 2 and 3; remove one"),
        ("[" * 5000, "not YAML"),
        ("source: 2026-13-45", "not YAML"),
        ("camera: {device: [", "not YAML"),
        ("camera: !!python/object:os.system {}", "not YAML"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = _written(tmp_path, text)
    with pytest.raises(ConfigError, match=said) as refused:
        _load(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("engine", ["auto", "moonshine", "whisper", "whisper:base.en", "faster-whisper:/some/folder"])
def test_an_engine_is_kept_as_it_was_written(tmp_path: Path, engine: str) -> None:
    speech = _load(_written(tmp_path, f"speech: {{engine: {engine}, language: auto}}")).speech
    assert (speech.engine, speech.language) == (engine, "auto")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        _load(tmp_path / "none.yaml")


def test_what_is_no_text_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    (tmp_path / "picture.yaml").write_bytes(b"\xff\xd8\xff\xe0")
    for path in (tmp_path, tmp_path / "picture.yaml"):
        with pytest.raises(ConfigError, match="cannot be read"):
            _load(path)


def test_the_environment_goes_before_the_file_and_the_file_before_the_defaults(tmp_path: Path) -> None:
    path = _written(tmp_path, "fusion: {tick_hz: 4, window_s: 6}\nsource: live\n")
    settings = gather(path, {"DEADPAN_FUSION__TICK_HZ": "3", "DEADPAN_SOURCE": "demo", "HOME": "/root"})
    assert settings.config == Config(source="demo", fusion=FusionConfig(tick_hz=3.0, window_s=6.0))
    assert settings.origins == {
        "fusion.tick_hz": "DEADPAN_FUSION__TICK_HZ",
        "fusion.window_s": f"{path}:1",
        "source": "DEADPAN_SOURCE",
    }


def test_the_environment_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEADPAN_PUBLISH__STREAM", "kitchen")
    assert found(None) == Config(publish=PublishConfig(stream="kitchen"))


@pytest.mark.parametrize(
    ("key", "text", "meant"),
    [
        ("camera.device", "1", 1),
        ("camera.device", "/dev/video2", "/dev/video2"),
        ("camera.width", "320", 320),
        ("camera.rate_hz", "10", 10.0),
        ("camera.rate_hz", "3e1", 30.0),
        ("speech.language", "no", "no"),  # Norwegian, and no truth value
        ("publish.keys", "null", None),
        ("publish.keys", "~/keys: mine", "~/keys: mine"),
        ("publish.stream", "5", "5"),
        ("microphone.device", "[", "["),
        ("fusion.tick_hz", "", 5.0),  # as good as not set
    ],
)
def test_a_variable_stands_for_what_it_would_in_the_file_without_the_need_of_quotes(
    key: str, text: str, meant: object
) -> None:
    read = value(gather(SHIPPED, {variable(key): text}).config, key)
    assert (read, type(read)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "DEADPAN_FUSION_TICK_HZ",
            "4",
            r"unknown variable DEADPAN_FUSION_TICK_HZ; did you mean DEADPAN_FUSION__TICK_HZ",
        ),
        ("DEADPAN_fusion__tick_hz", "4", r"did you mean DEADPAN_FUSION__TICK_HZ"),
        ("DEADPAN_FUSION", "{}", "unknown variable DEADPAN_FUSION; "),
        ("DEADPAN_X", "4", "unknown variable DEADPAN_X; deadpan config show lists all settings"),
        ("DEADPAN_FUSION__TICK_HZ", "fast", "DEADPAN_FUSION__TICK_HZ: must be a number, not text"),
        ("DEADPAN_FUSION__TICK_HZ", "50", r"DEADPAN_FUSION__TICK_HZ: fusion\.tick_hz must be between 2 and 10"),
        ("DEADPAN_FUSION__TICK_HZ", ".nan", r"fusion\.tick_hz must be between 2 and 10"),
        ("DEADPAN_CAMERA__WIDTH", "1e400", "DEADPAN_CAMERA__WIDTH: must be a whole number"),
        ("DEADPAN_PUBLISH__ENCODING", "xml", "DEADPAN_PUBLISH__ENCODING: Invalid enum value 'xml'"),
        ("DEADPAN_SPEECH__ENGINE", "wisper", r"DEADPAN_SPEECH__ENGINE: speech\.engine: .* did you mean whisper"),
    ],
)
def test_a_variable_of_no_use_is_named_with_what_to_do(name: str, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        gather(None, {name: text})


def test_the_folder_of_models_is_no_setting(tmp_path: Path) -> None:
    assert gather(_written(tmp_path, ""), {"DEADPAN_MODELS": "/models"}).origins == {}


def test_every_setting_can_be_set_in_the_environment() -> None:
    environment = {variable(key): str(value(Config(), key)).replace("None", "null") for key, _ in keys()}
    settings = gather(None, environment)
    assert settings.config == Config()
    assert set(settings.origins.values()) == set(environment)


def test_what_is_shown_is_a_file_that_sets_the_same_and_says_where_each_comes_from(tmp_path: Path) -> None:
    path = _written(tmp_path, "# mine\nspeech:\n  language: 'no'\nmicrophone: {device: 'USB: \"2\" # ä'}\n")
    settings = gather(path, {"DEADPAN_CAMERA__DEVICE": "2", "DEADPAN_PUBLISH__BUS": "ipc:///" + "long/" * 30})
    text = shown(settings)
    again = gather(_written(tmp_path, text), {})
    assert again.config == settings.config
    assert set(again.origins) == {key for key, _ in keys()}
    lines = {line.split(":")[0].strip(): line.rpartition(" # ")[2] for line in text.splitlines() if " # " in line}
    assert lines["language"] == f"{path}:3"
    assert lines["bus"] == "DEADPAN_PUBLISH__BUS"
    assert lines["tick_hz"] == "default"
    assert text.splitlines()[0] == f"# The settings in force: {path}, and the environment's DEADPAN_SECTION__KEY."


def test_off_and_no_are_words_as_people_write_them(tmp_path: Path) -> None:
    settings = _load(_written(tmp_path, "privacy:\n  network_isolation: off\nspeech:\n  language: no\n"))
    assert settings.privacy.network_isolation == "off"
    assert settings.speech.language == "no"
    told = gather(None, {"DEADPAN_PRIVACY__NETWORK_ISOLATION": "off", "DEADPAN_SPEECH__LANGUAGE": "no"})
    assert told.config.privacy.network_isolation == "off"
    assert told.config.speech.language == "no"


def test_a_file_that_only_lies_there_may_be_somebody_else_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.yaml").write_text("services: [web]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigError, match=r"unknown key services; .* \(it was read because it lies here; --config FILE"
    ):
        gather(None, {})
    with pytest.raises(ConfigError, match=r"unknown key services; [^(]*$"):
        gather(tmp_path / "config.yaml", {})
