"""docs/ as a site: it builds without a complaint and without a network, and asks nothing of one when it is read."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    # Anything it wanted of the network would go through this address, at which nobody answers.
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **nowhere},
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_every_page_is_in_it(site: Path) -> None:
    assert {page.stem for page in DOCS.glob("*.md")} <= {page.stem for page in site.glob("*.html")}


def test_a_reader_s_browser_is_told_to_fetch_nothing_from_elsewhere(site: Path) -> None:
    fetched = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//[^\s\">]+")
    told = {found for page in site.rglob("*.html") for found in fetched.findall(page.read_text(encoding="utf-8"))}
    assert not told
    styles = "".join(each.read_text(encoding="utf-8") for each in site.rglob("*.css"))
    assert not re.findall(r"url\([\"']?(?:https?:)?//[^)]*\)|@import[^;]*//[^;]*", styles)


def test_no_link_of_a_page_leads_nowhere(site: Path) -> None:
    lost = []
    for page in site.glob("*.html"):
        for target in re.findall(r"<a\b[^>]*\bhref=\"?([^\s\">]+)", page.read_text(encoding="utf-8")):
            path = target.partition("#")[0]
            if path and "://" not in path and not path.startswith("mailto:") and not (page.parent / path).exists():
                lost.append(f"{page.name}: {target}")
    assert not [each for each in lost if not each.startswith("404")]


@pytest.mark.parametrize("name", ["commands.md", "configuration.md"])
def test_the_reference_is_what_the_program_says(name: str) -> None:
    made = runpy.run_path(str(DOCS / "make_reference.py"))["pages"]()
    assert (DOCS / name).read_text(encoding="utf-8") == made[name], "run: python docs/make_reference.py"
