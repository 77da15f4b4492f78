from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadpan.bridge.origins import Origins
from deadpan.errors import EndpointError

HOST = {"Host": "127.0.0.1:5739"}


@pytest.mark.parametrize("host", ["127.0.0.1:5739", "localhost:5739", "LocalHost", "[::1]:5739", "localhost:8000"])
def test_programs_that_ask_for_this_machine_may_read(host: str) -> None:
    assert Origins().refusal({"Host": host}) == ""


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:5739",
        "127.0.0.1.evil.example",
        "192.168.1.5:5739",
        "0.0.0.0:5739",
        "localhost@evil.example",
        "127.0.0.1:x:y",
        "[::1",
        "2130706433",
    ],
)
def test_a_name_that_was_bound_to_this_machine_from_elsewhere_is_refused(host: str) -> None:
    assert "ask for 127.0.0.1 or localhost" in Origins().refusal({"Host": host})
    assert Origins().refusal({"Host": host, "Origin": f"http://{host}"})


def test_no_host_at_all_is_refused() -> None:
    assert Origins().refusal({})


def test_a_page_of_the_bridge_itself_may_read() -> None:
    assert Origins().refusal(HOST | {"Origin": "http://127.0.0.1:5739"}) == ""


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://127.0.0.1:8000",
        "http://localhost:5739",
        "https://127.0.0.1:5739",
        "http://127.0.0.1",
        "null",
        "",
        "file://",
        "http://127.0.0.1:5739.evil.example",
    ],
)
def test_a_page_from_elsewhere_may_not(origin: str) -> None:
    origins = Origins()
    assert "may not read this" in origins.refusal(HOST | {"Origin": origin})
    assert "Access-Control-Allow-Origin" not in origins.sharing(HOST | {"Origin": origin})


def test_a_page_named_at_the_start_may_read_and_no_other() -> None:
    origins = Origins(["http://localhost:8000/", "moz-extension://12ab"])
    for allowed in ("http://localhost:8000", "moz-extension://12ab"):
        assert origins.refusal(HOST | {"Origin": allowed}) == ""
        assert origins.sharing(HOST | {"Origin": allowed})["Access-Control-Allow-Origin"] == allowed
    assert origins.refusal(HOST | {"Origin": "http://localhost:8001"})
    assert origins.refusal({"Host": "evil.example", "Origin": "http://localhost:8000"})


@pytest.mark.parametrize(
    ("site", "may"), [("none", True), ("same-origin", True), ("same-site", False), ("cross-site", False)]
)
def test_what_a_page_embeds_without_naming_itself_is_refused(site: str, may: bool) -> None:
    assert (Origins().refusal(HOST | {"Sec-Fetch-Site": site}) == "") is may


def test_answers_are_kept_from_caches_frames_and_other_pages() -> None:
    told = Origins().sharing(HOST)
    assert told["Cache-Control"] == "no-store"
    assert told["Vary"] == "Origin"
    assert told["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in told["Content-Security-Policy"]


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "",
        "localhost:8000",
        "http://",
        "http://a/b",
        "http://*.example",
        "http://a b",
        "http://a?b",
        "http://me@a",
    ],
)
def test_what_is_not_one_pages_origin_cannot_be_allowed(origin: str) -> None:
    with pytest.raises(EndpointError, match=f"cannot allow the origin {origin.replace('*', '.').replace('?', '.')}"):
        Origins([origin])


@given(st.dictionaries(st.sampled_from(["Host", "Origin", "Sec-Fetch-Site"]), st.text()))
def test_no_headers_whatever_open_it_to_another_host(headers: dict[str, str]) -> None:
    if Origins(["http://a"]).refusal(headers) == "":
        assert urlsplit(f"//{headers['Host']}").hostname in ("localhost", "127.0.0.1", "::1")


@given(st.text())
def test_no_origin_whatever_may_read_but_those_allowed(origin: str) -> None:
    refused = Origins(["http://localhost:8000"]).refusal(HOST | {"Origin": origin}) != ""
    assert refused is (origin.lower() not in ("http://localhost:8000", "http://127.0.0.1:5739"))
