"""Who is asking: keys by hash, in the places where a credential may stand."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pilothouse_app.authentication import Credential, Unauthorized, authenticate, hash_key, presented_credential
from pilothouse_app.ids import new_api_key
from pilothouse_app.store import Store, StoreUnavailable, open_store
from pilothouse_app.store.entities import ApiKey


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
