"""Streams opened with stream tokens, and how they end: the same on both lanes."""

from __future__ import annotations

import os
import sys
from itertools import product

import attrs
import pytest
import trio
from every_channel import KINDS, every_channel, scripted_browser
from gate_client import ask, gate
from raw_client import HOST
from rest_client import KEY, OTHER_KEY
from whole_server import COLLEAGUES_KEY, Form, Frontend, WholeServer, ending_of, open_whole_server, watched

from pilothouse.protocol.messages import CedeControl, ControlChanged, Error, Ping, Pong, TakeControl
from pilothouse.testing.scripted_vnc_server import ScriptedVncServer
from pilothouse_app.authentication import hash_key
from pilothouse_app.settings import Settings
from pilothouse_app.store.entities import parse_time, utc_now

STRANGER = "pbs_000000000000000000000000"
CHANNELS = ("vnc", "messages")
GOOD_NO_MORE = (4401, "the credential has expired or was revoked")
AT_ONCE = 2.5
"""Seconds: less than the period after which anybody would look, even on a machine that is busy."""


def subprotocol(token: str) -> str:
    return f"pilothouse.token.{token}"


async def test_a_token_may_stand_in_four_places(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        token = (await server.token(session_id))["token"]
        for channel in CHANNELS:
            path = f"{channel}/browser_session/{session_id}"
            async with server.stream(path, key=None, client_id="tab-1", token=token) as client:
                assert await client.receive()
            async with server.stream(path, key=token, client_id="tab-1") as client:
                assert await client.receive()
            headers = {"Authorization": f"Bearer {token}"}
            async with server.stream(path, key=None, headers=headers, client_id="tab-1") as client:
                assert await client.receive()
            async with server.stream(path, key=None, subprotocols=[subprotocol(token)], client_id="tab-1") as client:
                assert await client.receive()


async def test_the_subprotocol_that_carries_a_credential_is_answered(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        token = (await server.token(session_id))["token"]
        path = f"messages/browser_session/{session_id}"
        for offered, chosen in [
            ([subprotocol(token)], subprotocol(token)),
            ([subprotocol(token), "binary"], subprotocol(token)),
            ([subprotocol(KEY)], subprotocol(KEY)),
            ([subprotocol("wrong")], subprotocol("wrong")),
            (["binary"], None),
            (["binary", subprotocol(token)], None),
            ([], None),
        ]:
            async with server.stream(path, key=None, subprotocols=offered, client_id="tab-1") as client:
                assert client.subprotocol == chosen
                if chosen in (subprotocol(token), subprotocol(KEY)):
                    assert "control-changed" in str(await client.receive())
                else:
                    assert await ending_of(client) == (4401, "no valid credential")


async def test_a_subprotocol_wins_over_the_url_and_a_header_over_both(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        path = f"messages/browser_session/{await server.attach(vnc)}"
        offered = [subprotocol("wrong")]
        async with server.stream(path, key=KEY, subprotocols=offered, client_id="tab-1") as client:
            assert await ending_of(client) == (4401, "no valid credential")
        headers = {"x-api-key": KEY}
        async with server.stream(path, key="q", headers=headers, subprotocols=offered, client_id="tab-1") as client:
            assert "control-changed" in str(await client.receive())


@pytest.mark.parametrize("scope", ["view", "control"])
async def test_a_token_opens_what_shows_its_session(server: WholeServer, scope: str) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        token = (await server.token(session_id, scope))["token"]
        for channel, kind in product(CHANNELS, KINDS):
            entity_id = await server.owner_of(session_id, kind)
            async with server.stream(f"{channel}/{kind}/{entity_id}", key=token, client_id="tab-1") as client:
                assert await client.receive()


@pytest.mark.parametrize("scope", ["view", "control"])
async def test_a_token_is_told_nothing_of_what_is_not_its_own(server: WholeServer, scope: str) -> None:
    async with ScriptedVncServer() as vnc, ScriptedVncServer() as other_vnc:
        token = (await server.token(await server.attach(vnc), scope))["token"]
        other_id, over_id = await server.attach(other_vnc), await server.attach(other_vnc)
        known = {kind: [await server.owner_of(id_, kind) for id_ in (other_id, over_id)] for kind in KINDS}
        known["task"].append((await server.api("POST", "/tasks", {}))["task_id"])
        theirs = await server.api("POST", "/browser_sessions", {}, key=OTHER_KEY)
        known["browser_session"].append(theirs["browser_session_id"])
        await server.end(over_id)
        for channel, kind in product(CHANNELS, KINDS):
            for entity_id in (*known[kind], STRANGER):
                async with server.stream(f"{channel}/{kind}/{entity_id}", key=token, client_id="tab-1") as client:
                    assert await ending_of(client) == (4404, "no such entity"), (kind, entity_id)
        await server.api("DELETE", f"/browser_sessions/{theirs['browser_session_id']}", key=OTHER_KEY)


async def test_an_agents_token_opens_no_stream(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        token = (await server.token(session_id, "agent"))["token"]
        for channel, entity_id in product(CHANNELS, (session_id, STRANGER)):
            async with server.stream(f"{channel}/browser_session/{entity_id}", key=token, client_id="tab-1") as client:
                assert await ending_of(client) == (4401, "this token is not for this stream")


async def test_whoever_may_only_watch_takes_no_control(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        token = (await server.token(session_id, "view"))["token"]
        async with server.frontend(session_id, key=token) as frontend:
            assert isinstance(await frontend.hear(), ControlChanged)
            for message in (TakeControl(), CedeControl()):
                answer = await frontend.ask(message)
                assert isinstance(answer, Error)
                assert answer.code == "not_allowed"
            action = {"action": "take_control", "client_id": "tab-1"}
            path = f"/api/v1/browser_sessions/{session_id}/control"
            refused = await server.http.put(path, json=action, headers={"Authorization": f"Bearer {token}"})
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_allowed")
        assert (await server.api("GET", f"/browser_sessions/{session_id}"))["control_epoch"] == 0


async def test_a_revoked_token_ends_what_it_opened_at_once_and_nothing_else(server: WholeServer) -> None:
    async with every_channel(server) as channels:
        made, kept = [await server.token(channels.session_id) for _ in range(2)]
        of_agent, kept_by_agent = [await server.token(channels.session_id, "agent") for _ in range(2)]
        async with (
            server.viewer(channels.session_id, key=made["token"]) as viewer,
            server.frontend(channels.session_id, key=made["token"]) as frontend,
            server.stream(f"events/browser_session/{channels.session_id}", key=None, token=made["token"]) as events,
            gate(server, f"{channels.session_id}?token={of_agent['token']}") as agent,
            server.frontend(channels.session_id, key=kept["token"]) as other,
            gate(server, f"{channels.session_id}?token={kept_by_agent['token']}") as other_agent,
        ):
            await viewer.shake_hands()
            for each in (frontend, other):
                await each.hear()
            for each_agent in (agent, other_agent):
                await ask(each_agent, "Browser.getVersion")
            with trio.fail_after(AT_ONCE):
                await revoke(server, channels.session_id, made["token_id"])
                for client in (viewer.client, frontend.client, events):
                    assert await ending_of(client) == GOOD_NO_MORE
            with trio.fail_after(AT_ONCE):
                await revoke(server, channels.session_id, of_agent["token_id"])
                assert await ending_of(agent) == GOOD_NO_MORE
            await other.say(Ping("1"))
            while await other.hear() != Pong("1"):
                pass
            assert "result" in await ask(other_agent, "Browser.getVersion")
            await channels.still_talk(*KINDS)
        async with server.frontend(channels.session_id, key=made["token"]) as late:
            assert await ending_of(late.client) == (4401, "no valid credential")


async def test_a_token_that_is_revoked_while_it_holds_control(server: WholeServer) -> None:
    """Nobody waits for its bearer to come back: control is the agent's at once."""
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        made = await server.token(session_id)
        async with server.frontend(session_id) as witness, server.frontend(session_id, key=made["token"]) as holder:
            await witness.hear()
            await holder.hear()
            await holder.say(TakeControl())
            assert await when_control_moves(witness) == ("user", 1)
            with trio.fail_after(AT_ONCE):
                await revoke(server, session_id, made["token_id"])
                assert await when_control_moves(witness) == ("agent", 2)


@pytest.mark.parametrize("away", [False, True])
async def test_control_of_whoever_is_not_connected_goes_with_the_token(server: WholeServer, *, away: bool) -> None:
    """Taken over REST, or held during the period of grace."""
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        made = await server.token(session_id)
        async with server.frontend(session_id, client_id="witness") as witness:
            await witness.hear()
            if away:
                async with server.frontend(session_id, key=made["token"]) as holder:
                    await holder.say(TakeControl())
                    assert await when_control_moves(witness) == ("user", 1)
                    await holder.client.break_off()
            else:
                taken = await server.http.put(
                    f"/api/v1/browser_sessions/{session_id}/control",
                    json={"action": "take_control", "client_id": "tab-1"},
                    headers={"Authorization": f"Bearer {made['token']}"},
                )
                assert taken.json()["interactor"] == "user"
                assert await when_control_moves(witness) == ("user", 1)
            with trio.fail_after(AT_ONCE):
                await revoke(server, session_id, made["token_id"])
                assert await when_control_moves(witness) == ("agent", 2)


async def test_control_that_was_taken_over_rest_ends_with_the_tokens_time(
    form: Form, server_settings: Settings
) -> None:
    settings = attrs.evolve(server_settings, verify_seconds=1.0)
    async with open_whole_server(form, settings) as server, watched(server), ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        made = await server.token(session_id, ttl_seconds=5)
        async with server.frontend(session_id, client_id="witness") as witness:
            await witness.hear()
            taken = await server.http.put(
                f"/api/v1/browser_sessions/{session_id}/control",
                json={"action": "take_control", "client_id": "tab-1"},
                headers={"Authorization": f"Bearer {made['token']}"},
            )
            assert taken.json()["interactor"] == "user"
            assert await when_control_moves(witness) == ("user", 1)
            assert await when_control_moves(witness) == ("agent", 2)


async def test_a_token_whose_time_is_over_ends_what_it_opened(form: Form, server_settings: Settings) -> None:
    """To the second: nobody waits for verification to look."""
    settings = attrs.evolve(server_settings, verify_seconds=3600.0)
    async with open_whole_server(form, settings) as server, watched(server), scripted_browser() as browser:
        session_id = await server.attach(browser.vnc, cdp_address=browser.devtools.address)
        made, of_agent = [await server.token(session_id, scope, ttl_seconds=5) for scope in ("control", "agent")]
        async with (
            server.viewer(session_id, key=made["token"]) as viewer,
            server.frontend(session_id, key=made["token"]) as frontend,
            server.stream(f"events/browser_session/{session_id}", key=None, token=made["token"]) as events,
            gate(server, f"{session_id}?token={of_agent['token']}") as agent,
        ):
            for client in (viewer.client, frontend.client, events, agent):
                assert await ending_of(client) == GOOD_NO_MORE
        assert utc_now() >= parse_time(made["expires_at"])
        async with server.frontend(session_id, key=made["token"]) as late:
            assert await ending_of(late.client) == (4401, "no valid credential")


async def test_revoked_by_another_process(form: Form, server_settings: Settings) -> None:
    settings = attrs.evolve(server_settings, verify_seconds=1.0)
    async with open_whole_server(form, settings) as server, watched(server), ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        colleagues = await server.services.store.api_keys.by_hash(hash_key(COLLEAGUES_KEY))
        assert colleagues is not None
        issued = await server.api(
            "POST", f"/browser_sessions/{session_id}/stream_tokens", {"scope": "view"}, key=COLLEAGUES_KEY
        )
        async with (
            server.frontend(session_id) as ours,
            server.frontend(session_id, key=COLLEAGUES_KEY) as by_key,
            server.frontend(session_id, key=issued["token"]) as by_token,
        ):
            for each in (ours, by_key, by_token):
                await each.hear()
            command = [sys.executable, "-m", "pilothouse_app", "key", "revoke", colleagues.key_id]
            environment = {**os.environ, "PILOTHOUSE_DATA_DIR": str(settings.data_dir)}
            await trio.run_process(command, env=environment, capture_stderr=True)
            assert await ending_of(by_key.client) == GOOD_NO_MORE
            assert await ending_of(by_token.client) == GOOD_NO_MORE
            assert await ours.ask(Ping("1")) == Pong("1")


async def test_a_revoked_key_ends_what_it_and_its_tokens_opened(server: WholeServer) -> None:
    async with scripted_browser() as browser:
        session_id = await server.attach(browser.vnc, cdp_address=browser.devtools.address)
        issued = await server.api(
            "POST", f"/browser_sessions/{session_id}/stream_tokens", {"scope": "view"}, key=COLLEAGUES_KEY
        )
        async with (
            server.frontend(session_id, key=COLLEAGUES_KEY) as by_key,
            server.frontend(session_id, key=issued["token"]) as by_token,
            server.stream(f"events/browser_session/{session_id}", key=COLLEAGUES_KEY) as events,
            gate(server, f"{session_id}?apikey={COLLEAGUES_KEY}") as agent,
        ):
            for each in (by_key, by_token):
                await each.hear()
            await ask(agent, "Browser.getVersion")
            with trio.fail_after(AT_ONCE):
                await server.services.store.api_keys.revoke("key_c")
                for client in (by_key.client, by_token.client, events, agent):
                    assert await ending_of(client) == GOOD_NO_MORE


async def test_addresses_of_the_streams_lead_to_them(server: WholeServer) -> None:
    async with ScriptedVncServer() as vnc:
        session_id = await server.attach(vnc)
        token = (await server.token(session_id, "view"))["token"]
        answer = await server.http.get(
            f"/api/v1/browser_sessions/{session_id}/stream", headers={"Authorization": f"Bearer {token}"}
        )
        base = f"ws://{HOST}:{server.port}/api/v1/stream/"
        for channel in CHANNELS:
            path = answer.json()[f"{channel}_url"]
            assert path.startswith(base)
            async with server.stream(path.removeprefix(base), key=token, client_id="tab-1") as client:
                assert await client.receive()


async def revoke(server: WholeServer, session_id: str, token_id: str) -> None:
    await server.api("DELETE", f"/browser_sessions/{session_id}/stream_tokens/{token_id}")


async def when_control_moves(frontend: Frontend) -> tuple[str, int]:
    """The next news of it: who has it, and since when."""
    while not isinstance(message := await frontend.hear(), ControlChanged):
        pass
    return message.interactor, message.control_epoch
