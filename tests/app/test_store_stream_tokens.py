"""Signing keys and stream tokens in the store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from pilothouse_app.store import Store, StoreConflict, open_store
from pilothouse_app.store.entities import ApiKey, BrowserSession, StreamToken, format_time, utc_now
from pilothouse_app.store.signing_keys import ROTATE_AFTER
from pilothouse_app.stream_tokens import LONGEST_LIFE_SECONDS

TOKEN = StreamToken(
    token_id="tok_1",
    organization_id="o_1",
    browser_session_id="pbs_1",
    scope="view",
    issued_by="key_1",
    expires_at=utc_now() + timedelta(hours=1),
)


@pytest.fixture
async def issuing(store: Store) -> Store:
    """A store with a key and two sessions."""
    await store.api_keys.add(ApiKey(key_id="key_1", organization_id="o_1", name="", key_hash="hash"))
    for session_id in ("pbs_1", "pbs_2"):
        await store.browser_sessions.add(
            BrowserSession(browser_session_id=session_id, organization_id="o_1", provider="local")
        )
    return store


async def made_earlier(store: Store, by: timedelta) -> None:
    """Put back the time at which the signing keys were made."""
    moment = format_time(utc_now() - by)
    await store._database.write(lambda db: db.execute("UPDATE signing_keys SET created_at = ?", [moment]))


async def test_there_is_a_key_when_one_is_needed(store: Store) -> None:
    assert await store.signing_keys.live() == []
    [key] = await store.signing_keys.to_sign()
    assert await store.signing_keys.to_sign() == await store.signing_keys.live() == [key]
    assert len(key.secret) >= 43
    assert key.secret not in repr(key)


async def test_two_keys_live(store: Store) -> None:
    made = [await store.signing_keys.rotate() for _ in range(4)]

    assert await store.signing_keys.live() == made[:1:-1]
    assert await store.signing_keys.to_sign() == made[:1:-1]


async def test_a_key_that_has_grown_old_signs_no_more_but_verifies(store: Store) -> None:
    [first] = await store.signing_keys.to_sign()
    await made_earlier(store, ROTATE_AFTER - timedelta(minutes=1))
    assert len(await store.signing_keys.to_sign()) == 1
    await made_earlier(store, ROTATE_AFTER)

    newer, older = await store.signing_keys.to_sign()

    assert (older.key_id, older.secret) == (first.key_id, first.secret)
    assert newer.secret != first.secret


def test_no_token_outlives_its_key() -> None:
    assert timedelta(seconds=LONGEST_LIFE_SECONDS) < ROTATE_AFTER


async def test_signing_keys_are_made_once_by_two_that_need_one(store: Store, database_path: Path) -> None:
    async with open_store(database_path) as other:
        [key] = await store.signing_keys.to_sign()
        assert await other.signing_keys.to_sign() == [key]


async def test_a_token_stands_until_it_is_revoked(issuing: Store) -> None:
    told: list[str] = []
    issuing.on_revocation(told.append)
    assert not await issuing.stream_tokens.stands("tok_1")
    await issuing.stream_tokens.add(TOKEN)
    assert await issuing.stream_tokens.stands("tok_1")

    assert not await issuing.stream_tokens.revoke("tok_1", "pbs_2")
    assert await issuing.stream_tokens.stands("tok_1")
    assert not told
    for _ in range(2):
        assert await issuing.stream_tokens.revoke("tok_1", "pbs_1")
        assert not await issuing.stream_tokens.stands("tok_1")
    assert set(told) == {"tok_1"}


async def test_a_token_falls_with_the_key_that_issued_it(issuing: Store) -> None:
    await issuing.stream_tokens.add(TOKEN)
    await issuing.stream_tokens.add(attrs.evolve(TOKEN, token_id="tok_2", issued_by=None))

    told: list[str] = []
    issuing.on_revocation(told.append)
    for _ in range(2):
        await issuing.api_keys.revoke("key_1")

    assert told == ["key_1", "tok_1"]
    assert not await issuing.stream_tokens.stands("tok_1")
    assert await issuing.stream_tokens.stands("tok_2")


async def test_tokens_of_nothing_are_refused(issuing: Store) -> None:
    with pytest.raises(StoreConflict):
        await issuing.stream_tokens.add(attrs.evolve(TOKEN, browser_session_id="pbs_none"))


async def test_tokens_that_expired_long_ago_are_forgotten(issuing: Store) -> None:
    for token_id, ago in (("tok_1", timedelta(hours=23)), ("tok_2", timedelta(hours=25))):
        await issuing.stream_tokens.add(attrs.evolve(TOKEN, token_id=token_id, expires_at=utc_now() - ago))

    await issuing.stream_tokens.add(attrs.evolve(TOKEN, token_id="tok_3"))

    known = [await issuing.stream_tokens.revoke(f"tok_{number}", "pbs_1") for number in (1, 2, 3)]
    assert known == [True, False, True]


async def test_a_token_whose_time_is_over_stands_no_more(issuing: Store) -> None:
    await issuing.stream_tokens.add(attrs.evolve(TOKEN, expires_at=utc_now()))

    assert not await issuing.stream_tokens.stands("tok_1")
