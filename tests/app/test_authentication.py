"""Who is asking: keys by hash, tokens by signature, in the places where a credential may stand."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from pilothouse_app.authentication import (
    Credential,
    Standing,
    Unauthorized,
    authenticate,
    hash_key,
    presented_credential,
    still_stands,
)
from pilothouse_app.ids import new_api_key
from pilothouse_app.issuing import IssuedToken, issue_token
from pilothouse_app.store import Store, StoreUnavailable, open_store
from pilothouse_app.store.entities import ApiKey, BrowserSession


@pytest.mark.parametrize(
    ("headers", "query", "on_rest", "on_websocket"),
    [
        ({}, {}, None, None),
        ({"x-api-key": "k"}, {}, "k", "k"),
        ({"x-api-key": ""}, {"apikey": "q"}, None, "q"),
        ({"authorization": "Bearer t"}, {}, "t", "t"),
        ({"authorization": "bearer  t "}, {}, "t", "t"),
        ({"authorization": "Basic dTpw"}, {}, None, None),
        ({"authorization": "Bearer"}, {}, None, None),
        ({"x-api-key": "k", "authorization": "Bearer t"}, {"apikey": "q"}, "k", "k"),
        ({}, {"apikey": "q"}, None, "q"),
        ({}, {"token": "t"}, None, "t"),
        ({}, {"apikey": "", "token": "t"}, None, "t"),
        ({"sec-websocket-protocol": "pilothouse.token.s"}, {}, None, "s"),
        (
            {"sec-websocket-protocol": " pilothouse.token.s.t-u_v , binary"},
            {"apikey": "q", "token": "t"},
            None,
            "s.t-u_v",
        ),
        ({"sec-websocket-protocol": "binary, pilothouse.token.s"}, {"token": "t"}, None, "t"),
        ({"sec-websocket-protocol": "pilothouse.token."}, {}, None, None),
        ({"sec-websocket-protocol": 'pilothouse.token."s"'}, {}, None, None),
        ({"sec-websocket-protocol": "pilothouse.token.s", "x-api-key": "k"}, {}, "k", "k"),
        ({"sec-websocket-protocol": "pilothouse.token.s", "authorization": "Bearer t"}, {}, "t", "t"),
    ],
)
def test_where_a_credential_may_stand(
    headers: dict[str, str], query: dict[str, str], on_rest: str | None, on_websocket: str | None
) -> None:
    assert (presented_credential(headers, query, websocket=False) or None) == on_rest
    assert (presented_credential(headers, query, websocket=True) or None) == on_websocket


async def test_a_key_opens_its_own_organization(store: Store) -> None:
    key = new_api_key()
    await store.api_keys.add(ApiKey(key_id="key_1", organization_id="o_1", name="x", key_hash=hash_key(key)))

    assert await authenticate(store, key) == Credential("o_1", "key_1")


@pytest.mark.parametrize("presented", [None, "", "ph_wrong", "\ud800", "key_1", "x" * 100_000])
async def test_anything_else_is_unauthorized(store: Store, presented: str | None) -> None:
    await store.api_keys.add(ApiKey(key_id="key_1", organization_id="o_1", name="x", key_hash=hash_key("right")))

    with pytest.raises(Unauthorized):
        await authenticate(store, presented)


async def test_a_revoked_key_is_refused_at_once(store: Store) -> None:
    await store.api_keys.add(ApiKey(key_id="key_1", organization_id="o_1", name="x", key_hash=hash_key("k")))
    await authenticate(store, "k")

    await store.api_keys.revoke("key_1")

    with pytest.raises(Unauthorized):
        await authenticate(store, "k")


async def test_only_the_log_tells_why_a_credential_is_refused(store: Store) -> None:
    revoked = new_api_key()
    await store.api_keys.add(ApiKey(key_id="key_9", organization_id="o_1", name="old", key_hash=hash_key(revoked)))
    await store.api_keys.revoke("key_9")
    with capture_logs() as logs:
        for presented in (None, "ph_wrong", revoked):
            with pytest.raises(Unauthorized, match=r"^$"):
                await authenticate(store, presented)
    assert [line["why"] for line in logs] == ["there is none", "it is unknown", "key_9 was revoked"]


async def test_the_store_holds_no_key(store: Store, database_path: Path) -> None:
    key = new_api_key()
    await store.api_keys.add(ApiKey(key_id="key_1", organization_id="o_1", name="x", key_hash=hash_key(key)))

    reader = sqlite3.connect(database_path)
    dump = "\n".join(reader.iterdump())
    reader.close()

    assert hash_key(key) in dump
    assert key not in dump


async def test_a_store_that_does_not_answer_is_not_a_wrong_key(database_path: Path) -> None:
    async with open_store(database_path) as store:
        pass

    with pytest.raises(StoreUnavailable):
        await authenticate(store, "k")


def test_new_keys_are_long_random_and_recognizable() -> None:
    keys = {new_api_key() for _ in range(100)}

    assert len(keys) == 100
    assert all(key.startswith("ph_") and len(key) >= 46 for key in keys)


async def issued(store: Store, ttl_seconds: int = 600) -> IssuedToken:
    await store.api_keys.add(ApiKey(key_id="key_1", organization_id="o_1", name="x", key_hash=hash_key("k")))
    session = BrowserSession(browser_session_id="pbs_1", organization_id="o_1", provider="local")
    await store.browser_sessions.add(session)
    return await issue_token(store, session, "view", ttl_seconds, issued_by="key_1")


async def test_a_token_opens_its_own_session(store: Store) -> None:
    token = await issued(store)

    assert await authenticate(store, token.token) == Credential(
        "o_1", token.token_id, "view", "pbs_1", token.expires_at
    )


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda store, token: store.stream_tokens.revoke(token.token_id, "pbs_1"), "{} was revoked"),
        (lambda store, token: store.api_keys.revoke("key_1"), "{} was revoked"),
        (lambda store, token: rotate_twice(store), "it was not signed by us"),
    ],
)
async def test_a_token_that_is_good_no_more(store: Store, spoil: Any, why: str) -> None:
    token = await issued(store)
    credential = await authenticate(store, token.token)
    await spoil(store, token)
    with capture_logs() as logs, pytest.raises(Unauthorized, match=r"^$"):
        await authenticate(store, token.token)
    assert [line["why"] for line in logs] == [why.format(token.token_id)]
    assert await still_stands(store, credential.standing) is (why == "it was not signed by us")


async def rotate_twice(store: Store) -> None:
    await store.signing_keys.rotate()
    await store.signing_keys.rotate()


async def test_a_token_survives_one_rotation(store: Store) -> None:
    token = await issued(store)
    await store.signing_keys.rotate()

    assert (await authenticate(store, token.token)).credential_id == token.token_id


async def test_an_expired_token_stands_no_more(store: Store) -> None:
    token = await issued(store, ttl_seconds=0)

    with pytest.raises(Unauthorized):
        await authenticate(store, token.token)
    assert not await still_stands(store, Standing(token.token_id))
    assert not await still_stands(store, Standing(token.token_id, token.expires_at))


async def test_a_key_stands_until_it_is_revoked(store: Store) -> None:
    await issued(store)
    credential = await authenticate(store, "k")

    assert await still_stands(store, credential.standing)
    await store.api_keys.revoke("key_1")
    assert not await still_stands(store, credential.standing)


async def test_the_store_holds_no_token(store: Store, database_path: Path) -> None:
    token = await issued(store)
    reader = sqlite3.connect(database_path)
    dump = "\n".join(reader.iterdump())
    reader.close()

    assert token.token_id in dump
    assert not [part for part in token.token.removeprefix("pht_").split(".") if part and part in dump]
    assert token.token not in repr(token)
