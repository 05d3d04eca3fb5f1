"""The built page, CORS, and the headers that every answer carries."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from quart_trio import QuartTrio
from rest_client import RestClient

from pilothouse_app.routes import register_routes
from pilothouse_app.services import EXTENSION, Services

FRIEND = "https://friend.example"


async def test_the_page_is_served_with_its_own_cache_rules(rest: RestClient) -> None:
    page = await rest("GET", "/")
    script = await rest("GET", "/assets/index-C0ffee.js")

    assert page.text.startswith("<!doctype html>")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (await rest("HEAD", "/")).status == 200


async def test_an_unchanged_file_is_not_sent_again(rest: RestClient) -> None:
    etag = (await rest("GET", "/")).headers["ETag"]

    again = await rest("GET", "/", headers={"if-none-match": etag})

    assert (again.status, again.text) == (304, "")


@pytest.mark.parametrize("path", ["/nothing", "/.stamp", "/../secret.txt", "/%2e%2e/secret.txt", "/assets", "/assets/"])
async def test_nothing_else_is_served(rest: RestClient, path: str) -> None:
    answer = await rest("GET", path)

    assert answer.status == 404
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == "There is nothing here.\n"


async def test_a_page_that_was_not_built_says_how_to_build_it(services: Services, tmp_path: Path) -> None:
    app = QuartTrio("pilothouse_app", static_folder=None)
    register_routes(app, static=tmp_path / "none")
    app.extensions[EXTENSION] = services

    answer = await RestClient(app)("GET", "/")

    assert answer.status == 503
    assert "python3 noxfile.py -s demo" in answer.text
    assert len(answer.text.splitlines()) == 1


async def test_pages_may_be_framed_by_those_who_may_talk_to_us(rest: RestClient) -> None:
    policy = (await rest("GET", "/")).headers["Content-Security-Policy"].split("; ")

    assert f"frame-ancestors 'self' {FRIEND}" in policy
    assert "script-src 'self'" in policy
    assert "default-src 'self'" in policy


async def test_every_answer_is_careful(rest: RestClient) -> None:
    for path in ("/", "/nothing", "/api/v1/health", "/api/v1/nothing", "/api/v1/browser_sessions"):
        headers = (await rest("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Origin" in headers["Vary"]
        if path.startswith("/api"):
            assert headers["Cache-Control"] == "no-store"


async def test_an_allowed_page_may_read_answers_and_errors(rest: RestClient) -> None:
    for path in ("/api/v1/browser_sessions", "/api/v1/nothing", "/assets/index-C0ffee.js"):
        headers = (await rest("GET", path, headers={"origin": FRIEND})).headers
        assert headers["Access-Control-Allow-Origin"] == FRIEND
        assert "Access-Control-Allow-Credentials" not in headers
        assert "Link" in headers["Access-Control-Expose-Headers"]


async def test_an_allowed_page_may_ask_first(rest: RestClient) -> None:
    asked = await rest.with_key(None)(
        "OPTIONS",
        "/api/v1/browser_sessions/pbs_1",
        headers={"origin": FRIEND, "access-control-request-method": "PATCH"},
    )

    assert asked.status == 200
    assert asked.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "PATCH" in asked.headers["Access-Control-Allow-Methods"]
    assert "x-api-key" in asked.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://friend.example", "https://friend.example.evil"]
)
async def test_a_foreign_page_gets_no_cors_headers(rest: RestClient, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = await rest(method, "/api/v1/browser_sessions", headers={"origin": origin})
        assert answer.status == 200
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


async def test_a_star_lets_every_page_in(rest: RestClient, services: Services) -> None:
    everybody = attrs.evolve(services.settings, allowed_origins=frozenset({"*"}))
    rest.app.extensions[EXTENSION] = attrs.evolve(services, settings=everybody)

    answer = await rest("GET", "/", headers={"origin": "https://evil.example"})

    assert answer.headers["Access-Control-Allow-Origin"] == "https://evil.example"
    assert "frame-ancestors 'self' *" in answer.headers["Content-Security-Policy"]
