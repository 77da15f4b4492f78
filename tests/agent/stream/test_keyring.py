from __future__ import annotations

import stat
from pathlib import Path

import pytest

import deadpan.keys
from agent.stream.keyring import Keyring, own_key
from deadpan.errors import AccessError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_key_makes_the_agent_s_own_too_and_all_of_it_is_private(folder: Path, tmp_path: Path) -> None:
    keys = Keyring.made(folder).add("ann", tmp_path / "ann.key")
    assert deadpan.keys.read(tmp_path / "ann.key") == keys
    assert Keyring(folder).authorised() == {keys.public, keys.agent_public}
    assert Keyring(folder).names == ("ann",)
    assert _mode(folder) == _mode(folder / "subscribers") == 0o700
    assert _mode(own_key(folder)) == _mode(tmp_path / "ann.key") == 0o600


def test_every_subscriber_has_a_key_of_its_own_and_knows_the_same_agent(folder: Path, tmp_path: Path) -> None:
    ann = Keyring.made(folder).add("ann", tmp_path / "ann.key")
    bob = Keyring.made(folder).add("bob", tmp_path / "bob.key")
    assert ann.agent_public == bob.agent_public
    assert len({ann.public, bob.public, ann.secret, bob.secret}) == 4
    assert deadpan.keys.read(own_key(folder)).public == ann.agent_public


def test_a_key_removed_is_authorised_no_more(folder: Path, tmp_path: Path) -> None:
    keyring = Keyring.made(folder)
    keys = keyring.add("ann", tmp_path / "ann.key")
    keyring.remove("ann")
    assert keys.public not in keyring.authorised()
    with pytest.raises(AccessError, match="ann has no key here; authorised: nobody"):
        keyring.remove("ann")


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    keyring = Keyring.made(folder)
    keyring.add("ann", tmp_path / "ann.key")
    before = (tmp_path / "ann.key").read_bytes()
    with pytest.raises(AccessError, match="ann has a key already"):
        keyring.add("ann", tmp_path / "other.key")
    with pytest.raises(AccessError, match="is there already"):
        keyring.add("bob", tmp_path / "ann.key")
    assert (tmp_path / "ann.key").read_bytes() == before
    assert not (tmp_path / "other.key").exists()
    assert keyring.names == ("ann",)


@pytest.mark.parametrize("name", ["", ".", "..", "../ann", "a/b", ".hidden", "a b", "ä", "x" * 65, "a\n"])
def test_a_name_that_is_no_plain_word_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(AccessError, match="is no name"):
        Keyring.made(folder).add(name, tmp_path / "out.key")
    assert not (tmp_path / "out.key").exists()


def test_a_folder_without_keys_says_how_to_make_them(folder: Path) -> None:
    with pytest.raises(AccessError, match=f"deadpan keys new NAME --folder {folder}"):
        Keyring(folder)


@pytest.mark.parametrize(
    ("path", "mode", "remedy"),
    [
        (".", 0o770, "chmod 700"),
        (".", 0o707, "chmod 700"),
        ("subscribers", 0o722, "chmod 700"),
        ("agent.key", 0o640, "chmod 600"),
        ("agent.key", 0o604, "chmod 600"),
    ],
)
def test_what_others_could_read_or_change_is_refused_with_what_to_run(
    folder: Path, path: str, mode: int, remedy: str
) -> None:
    Keyring.made(folder)
    (folder / path).chmod(mode)
    with pytest.raises(AccessError, match=f"run: {remedy} {folder / path}"):
        Keyring(folder)


def test_a_damaged_agent_s_key_is_refused(folder: Path) -> None:
    Keyring.made(folder)
    own_key(folder).write_text("{}")
    with pytest.raises(AccessError, match="is no key"):
        Keyring(folder)


def test_a_file_that_is_no_key_authorises_nobody(folder: Path, tmp_path: Path) -> None:
    keyring = Keyring.made(folder)
    keys = keyring.add("ann", tmp_path / "ann.key")
    for number, content in enumerate((b"", b"\xff" * 40, b"x" * 39, b"#" * 40, b"k" * 4000)):
        (folder / "subscribers" / f"bad{number}.pub").write_bytes(content)
    (folder / "subscribers" / "folder.pub").mkdir()
    assert keyring.authorised() == {keys.public, keys.agent_public}


def test_a_place_where_nothing_can_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AccessError, match="no keys can be made in"):
        Keyring.made(tmp_path / "file" / "keys")
