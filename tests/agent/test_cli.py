from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent import __version__, cli, options
from agent.usage import Parser
from deadpan.errors import SilenceError

COMMANDS = (
    *("run", "watch", "score", "models", "config", "doctor"),
    *("record", "proxy", "keys", "bridge", "mcp", "wyoming"),
)


def _exit_code(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    return ended.value.code


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_code("--version") == 0
    assert capsys.readouterr().out == f"deadpan {__version__}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_code("--help") == 0
    text = capsys.readouterr().out
    assert all(f"\n    {command}" in text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_code(command, "--help") == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: deadpan {command} ")
    assert "--" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("dance",),
        ("run", "--sources", "demo"),
        ("run", "--seconds", "0"),
        ("run", "--seconds", "soon"),
        ("run", "--seconds", "inf"),
        ("watch", "--count", "0"),
        ("watch", "--count", "1.5"),
        ("score",),
        ("score", "a.mp4"),
        ("score", "--out", "there"),
        ("models",),
        ("models", "push"),
        ("models", "pull"),
        ("models", "remove"),
    ],
    ids=" ".join,
)
def test_misuse_ends_with_2_and_says_how_it_is_used(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_code(*arguments) == 2
    told = capsys.readouterr()
    assert told.err.startswith("usage: deadpan")
    assert told.out == ""


def test_nothing_asked_for_is_answered_with_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    told = capsys.readouterr()
    assert all(f"\n    {command}" in told.err for command in COMMANDS)
    assert told.out == ""


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (
            ("run", "--sorce", "demo"),
            "deadpan run: error: unrecognized arguments: --sorce demo; did you mean --source?",
        ),
        (("run", "--mikrophone=USB"), "did you mean --microphone?"),
        (("run", "talk.mp4"), "unrecognized arguments: talk.mp4; did you mean --source talk.mp4?"),
        (("score", "a.mp4", "--outt", "there"), "deadpan score: error: "),
        (("config", "show", "--confg", "x"), "deadpan config show: error: unrecognized arguments: --confg x; did you"),
        (("doctor", "--teeth"), "deadpan doctor: error: unrecognized arguments: --teeth\n"),
        (("doctor", "myself"), "deadpan doctor: error: unrecognized arguments: myself\n"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_is_not_known_is_told_by_its_command_with_what_was_probably_meant(
    arguments: tuple[str, ...], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _exit_code(*arguments) == 2
    assert meant in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--source", "none.mp4"), "none.mp4"),
        (("run", "--config", "none.yaml"), "none.yaml: no such file"),
        (("run", "--source", "demo", "--publish", "tcp://0.0.0.0:5737"), "refusing to publish at tcp://0.0.0.0:5737"),
        (("run", "--source", "demo", "--picture"), "--picture shows the camera's picture on the dashboard's page: say"),
        (("score", "none.mp4", "--out", "there"), "none.mp4"),
        (("score", "a/x.mp4", "b/x.mp4", "--out", "there"), "a/x.mp4 and b/x.mp4 would both be written to there/x.mp4"),
        (("doctor", "--config", "none.yaml"), "none.yaml: no such file"),
        (
            ("run", "--source", "demo", "--speech", "siri"),
            "command line: speech.engine: there is no speech engine 'siri'",
        ),
        (("score", "x.wav", "--out", "there", "--speech", "moonshine:tiny"), "moonshine takes no model"),
        (("score", "x.wav", "--out", "there", "--write", "docx"), "docx cannot be written; there are: html"),
        (("score", "x.wav", "--out", "there", "--overlay", "x.avi"), "x.avi must end in .mp4"),
        (("score", "x.mp4", "--out", "there", "--overlay", "./x.mp4"), "would overwrite the recording"),
        (("score", "x.mp4", "y.mp4", "--out", "there", "--overlay", "z.mp4"), "--overlay is for one recording"),
        (("score", "x.mp4", "--out", __file__), "test_cli.py is a file; name a folder"),
        (("models", "pull", "moonshine"), "moonshine is embedded"),
        (("models", "verify", "base.en"), "did you mean faster-whisper:base.en or whisper:base.en?"),
        (("models", "remove", "whisper:tiny"), "whisper:tiny is not on this machine"),
        (("watch", "smoke://signals"), "cannot subscribe to smoke://signals"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_done_ends_with_1_and_one_clear_line(
    arguments: tuple[str, ...],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert "Traceback" not in told.err
    assert any(line.startswith("deadpan: ") for line in told.err.splitlines())


def test_a_missing_extra_is_named_with_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name in ("av", "yaml") else object())
    assert cli.main(["doctor"]) == 1
    told = capsys.readouterr().err
    assert "missing: av, yaml" in told
    assert f"run: {sys.executable} -m pip install 'deadpan[live]'" in told


def test_ctrl_c_ends_it_without_a_word_until_something_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    heeded: list[object] = []
    parser = options.parser

    def noted() -> Parser:
        heeded.append(signal.getsignal(signal.SIGINT))
        return parser()

    monkeypatch.setattr(options, "parser", noted)
    assert cli.main([]) == 2
    assert heeded == [signal.SIG_DFL]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_output_that_cannot_be_written_ends_it_with_one_line() -> None:
    command = [sys.executable, "-m", "agent.cli", "config", "show"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (
        1,
        "deadpan: the output cannot be written: No space left on device\n",
    )


def test_a_stream_s_silence_is_one_line_though_it_is_a_time_out_as_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent(_name: str) -> object:
        raise SilenceError("nothing was published")

    monkeypatch.setattr(cli, "_perform", silent)
    assert cli.main(["watch"]) == 1
    assert capsys.readouterr().err == "deadpan: nothing was published\n"


def test_an_error_of_the_system_s_that_is_not_the_output_s_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> object:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(cli, "_perform", broken)
    with pytest.raises(FileNotFoundError):
        cli.main(["watch"])


def test_what_a_terminal_s_alphabet_lacks_is_left_out() -> None:
    script = "import sys\nfrom agent import cli, console\nimport agent.commands.config as config\n"
    script += "config.perform = lambda options: print(console._standing(None), 'ü ●') or 0\n"
    script += "sys.exit(cli.main(['config', 'show']))"
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment, check=True).stdout
    assert told.decode("latin-1").split() == ["·", "ü", "?"]


@pytest.mark.parametrize(("command", "code"), [(["watch"], 0), (["run"], 0), (["score", "a.wav", "--out", "x"], 130)])
def test_an_interruption_is_the_end_of_a_stream_and_no_end_of_a_task(
    monkeypatch: pytest.MonkeyPatch, command: list[str], code: int
) -> None:
    def interrupted(name: str) -> object:
        raise KeyboardInterrupt(name)

    monkeypatch.setattr(cli, "_perform", interrupted)
    assert cli.main(command) == code
