"""Settings from the environment: every value is taken as meant, or named in one line."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.destinations import AllowedDestinations
from pilothouse.protocol.rfb.input_policy import GUARDED
from pilothouse_app.network_names import HostList
from pilothouse_app.settings import Settings, SettingsError, variable_of

HOME = {"HOME": "/home/ada"}
VARIABLES = [variable_of(field) for field in attrs.fields(Settings)]
GOOD = {
    "PILOTHOUSE_HOST": ("::", "::"),
    "PILOTHOUSE_PORT": ("0", 0),
    "PILOTHOUSE_DATA_DIR": ("/srv/pilot house", Path("/srv/pilot house")),
    "PILOTHOUSE_API_KEY": ("correct-horse-battery", "correct-horse-battery"),
    "PILOTHOUSE_ALLOWED_ORIGINS": (
        "https://Example.org:443/, http://localhost:5173,*",
        frozenset({"https://example.org", "http://localhost:5173", "*"}),
    ),
    "PILOTHOUSE_TRUSTED_PROXIES": ("10.0.0.1, fd00::/8", HostList.parse(["10.0.0.1/32", "fd00::/8"])),
    "PILOTHOUSE_ATTACH_ALLOWLIST": (
        "Browsers.internal,10.1.2.3/8",
        HostList.parse(["browsers.internal", "10.0.0.0/8"]),
    ),
    "PILOTHOUSE_NAVIGATION_ALLOWLIST": (
        "Intranet.example, 127.0.0.1:8000,[::1]:8000,10.1.2.3/8",
        AllowedDestinations.parse(["intranet.example", "127.0.0.1:8000", "[::1]:8000", "10.0.0.0/8"]),
    ),
    "PILOTHOUSE_VERIFY_SECONDS": ("0.25", 0.25),
    "PILOTHOUSE_MAX_VIEWERS": ("1000", 1000),
    "PILOTHOUSE_TAKEOVER_POLICY": ("ask", "ask"),
    "PILOTHOUSE_IDLE_RELEASE_SECONDS": ("600", 600.0),
    "PILOTHOUSE_INPUT_POLICY": ("open", "open"),
    "PILOTHOUSE_INPUT_ALLOW": ("context_menu, submit", frozenset({"context_menu", "submit"})),
    "PILOTHOUSE_INPUT_DENY": ("clipboard,", frozenset({"clipboard"})),
    "PILOTHOUSE_CLIPBOARD": ("copy", "copy"),
    "PILOTHOUSE_MAX_CLIPBOARD_BYTES": ("0", 0),
    "PILOTHOUSE_MAX_DEVTOOLS_MIB": ("1024", 1024),
    "PILOTHOUSE_AUDIT_AGENT_COMMANDS": ("true", True),
    "PILOTHOUSE_EVENT_RETENTION_DAYS": ("365", 365),
    "PILOTHOUSE_LOG_LEVEL": ("DEBUG", "debug"),
}
BAD = {
    "PILOTHOUSE_HOST": ["", "http://x", "a b", "a..b", "[::1]"],
    "PILOTHOUSE_PORT": ["", "-1", "65536", "80.0", "٣", "1e3"],
    "PILOTHOUSE_DATA_DIR": ["", "a\0b", "~no-such-user-here/x"],
    "PILOTHOUSE_API_KEY": ["", "short", "sixteen chars and spaces", "sechzehn-zeichen-ü"],
    "PILOTHOUSE_ALLOWED_ORIGINS": ["example.org", "https://", "https://a/path", "null", "https://a:0", "https://u@a"],
    "PILOTHOUSE_TRUSTED_PROXIES": ["proxy.internal", "10.0.0.0/33", "*"],
    "PILOTHOUSE_ATTACH_ALLOWLIST": ["http://a", "a b", "10.0.0.0/99"],
    "PILOTHOUSE_NAVIGATION_ALLOWLIST": ["*", "http://a", "10.0.0.0/8:80", "a:0", "::1:http"],
    "PILOTHOUSE_VERIFY_SECONDS": ["", "0", "-1", "nan", "inf", "five"],
    "PILOTHOUSE_MAX_VIEWERS": ["0", "100001", "many"],
    "PILOTHOUSE_TAKEOVER_POLICY": ["", "Steal", "refuse"],
    "PILOTHOUSE_IDLE_RELEASE_SECONDS": ["", "0", "never"],
    "PILOTHOUSE_INPUT_POLICY": ["", "Guarded", "closed"],
    "PILOTHOUSE_INPUT_ALLOW": ["everything", "text clipboard", "Ctrl+o"],
    "PILOTHOUSE_INPUT_DENY": ["right_click"],
    "PILOTHOUSE_CLIPBOARD": ["", "in", "true"],
    "PILOTHOUSE_MAX_CLIPBOARD_BYTES": ["", "-1", "262145", "1 MiB"],
    "PILOTHOUSE_MAX_DEVTOOLS_MIB": ["0", "1025", "64 MiB"],
    "PILOTHOUSE_AUDIT_AGENT_COMMANDS": ["", "yes", "1"],
    "PILOTHOUSE_EVENT_RETENTION_DAYS": ["", "0", "36501", "30 days"],
    "PILOTHOUSE_LOG_LEVEL": ["", "loud"],
}


def test_there_is_a_good_and_a_bad_example_of_every_setting() -> None:
    assert list(GOOD) == list(BAD) == VARIABLES


def test_nothing_set_gives_a_loopback_server_with_its_data_under_the_home_directory() -> None:
    settings = Settings.from_environment(HOME)

    assert settings == Settings(data_dir=Path("/home/ada/.local/share/pilothouse"))
    assert settings.database_path == Path("/home/ada/.local/share/pilothouse/pilothouse.sqlite3")
    assert (settings.host, settings.port, settings.api_key) == ("127.0.0.1", 8000, None)
    assert "localhost" in settings.attach_allowlist
    assert "127.9.9.9" in settings.attach_allowlist
    assert "10.0.0.1" not in settings.attach_allowlist
    assert "127.0.0.1" not in settings.trusted_proxies


@pytest.mark.parametrize("variable", GOOD)
def test_a_good_value_is_taken(variable: str) -> None:
    text, value = GOOD[variable]

    settings = Settings.from_environment({**HOME, variable: text})

    assert getattr(settings, variable.removeprefix("PILOTHOUSE_").lower()) == value


@pytest.mark.parametrize(("variable", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_a_bad_value_is_named_with_what_is_allowed(variable: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**HOME, variable: text})

    message = str(caught.value)
    assert message.startswith(f"{variable} must be ")
    assert (repr(text) in message) is (variable != "PILOTHOUSE_API_KEY")
    assert len(message.splitlines()) == 1


def test_the_xdg_data_home_is_honoured_unless_it_is_relative() -> None:
    assert Settings.from_environment({**HOME, "XDG_DATA_HOME": "/data"}).data_dir == Path("/data/pilothouse")
    assert Settings.from_environment({**HOME, "XDG_DATA_HOME": "data"}) == Settings.from_environment(HOME)


def test_an_unknown_variable_is_an_error_that_knows_better() -> None:
    with pytest.raises(SettingsError, match=r"^PILOTHOUSE_PROT is no setting; did you mean PILOTHOUSE_PORT\?$"):
        Settings.from_environment({**HOME, "PILOTHOUSE_PROT": "8000"})
    with pytest.raises(SettingsError, match="the settings are PILOTHOUSE_HOST, PILOTHOUSE_PORT"):
        Settings.from_environment({**HOME, "PILOTHOUSE_XYZZY": "secret"})


def test_the_api_key_is_in_no_repr_and_in_no_message() -> None:
    assert "correct-horse" not in repr(Settings(data_dir=Path("/x"), api_key="correct-horse-battery"))
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**HOME, "PILOTHOUSE_API_KEY": "a secret with spaces"})
    assert "secret" not in str(caught.value)


def test_a_very_long_value_is_not_quoted_whole() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**HOME, "PILOTHOUSE_PORT": "1" * 10_000})
    assert len(str(caught.value)) < 250


@given(
    st.dictionaries(st.sampled_from([*VARIABLES, "XDG_DATA_HOME"]) | st.text().map("PILOTHOUSE_".__add__), st.text())
)
def test_whatever_the_environment_says_there_is_at_most_one_named_error(environ: dict[str, str]) -> None:
    try:
        settings = Settings.from_environment({**HOME, **environ})
    except SettingsError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert 0 <= settings.port <= 65535
        assert settings.data_dir.is_absolute()
        assert settings.verify_seconds > 0


def test_input_groups_are_added_to_the_policy_and_taken_away() -> None:
    settings = Settings.from_environment(
        {
            **HOME,
            "PILOTHOUSE_INPUT_ALLOW": "context_menu,submit",
            "PILOTHOUSE_INPUT_DENY": "submit,reload",
            "PILOTHOUSE_MAX_CLIPBOARD_BYTES": "10",
        }
    )
    assert settings.group_policy.groups == (GUARDED.groups | {"context_menu"}) - {"reload"}
    assert settings.group_policy.largest_cut_text == 10
