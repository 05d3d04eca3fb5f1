"""Settings of the server, read from `PILOTHOUSE_…` environment variables.

Each field of `Settings` is one variable, and carries how it is parsed, what is allowed and what it is for: this one
table drives the parser, the error messages and the reference page in the docs.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, cast, get_args

import attrs

from pilothouse.channels.cdp_link import LARGEST_MESSAGE
from pilothouse.protocol.clipboard_policy import DIRECTIONS, ClipboardPolicy
from pilothouse.protocol.control import LeaseRules, TakeoverPolicy
from pilothouse.protocol.destinations import AllowedDestinations
from pilothouse.protocol.rfb.constants import MAX_CUT_TEXT
from pilothouse.protocol.rfb.input_groups import GROUPS
from pilothouse.protocol.rfb.input_policy import READY_POLICIES, GroupPolicy
from pilothouse_app.ids import TOKEN_PREFIX
from pilothouse_app.network_names import HostList, is_host_name, parse_origin

PREFIX = "PILOTHOUSE_"
MIN_API_KEY_LENGTH = 16
ANY_ORIGIN = "*"

LogLevel = Literal["debug", "info", "warning", "error", "critical"]

_LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
_LONGEST_QUOTE = 80


class SettingsError(Exception):
    """A setting is wrong; the message is one line that says which, and what is allowed."""


def _host(text: str) -> str:
    if not is_host_name(text):
        raise ValueError(text)
    return text


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(text)
        return int(text)

    return parse


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError(text)
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:  # ~nobody
        raise ValueError(text) from error


def _api_key(text: str) -> str:
    if not re.fullmatch(f"(?!{TOKEN_PREFIX})[!-~]{{{MIN_API_KEY_LENGTH},}}", text):
        raise ValueError("not an API key")
    return text


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _origins(text: str) -> frozenset[str]:
    return frozenset(entry if entry == ANY_ORIGIN else parse_origin(entry) for entry in _entries(text))


def _hosts(text: str) -> HostList:
    return HostList.parse(_entries(text))


def _networks(text: str) -> HostList:
    return HostList.parse(_entries(text), names_allowed=False)


def _destinations(text: str) -> AllowedDestinations:
    return AllowedDestinations.parse(_entries(text))


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise ValueError(text)
    return value


def _policy(text: str) -> str:
    if text not in READY_POLICIES:
        raise ValueError(text)
    return text


def _clipboard(text: str) -> str:
    if text not in DIRECTIONS:
        raise ValueError(text)
    return text


def _takeover_policy(text: str) -> TakeoverPolicy:
    if text not in get_args(TakeoverPolicy):
        raise ValueError(text)
    return cast(TakeoverPolicy, text)


def _groups(text: str) -> frozenset[str]:
    if unknown := set(_entries(text)) - GROUPS.keys():
        raise ValueError(unknown)
    return frozenset(_entries(text))


def _yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _log_level(text: str) -> LogLevel:
    if text.lower() not in _LOG_LEVELS:
        raise ValueError(text)
    return cast(LogLevel, text.lower())


def _variable(parse: Callable[[str], Any], *, default: str, allowed: str, about: str) -> dict[str, Any]:
    """What a field of `Settings` knows of its variable.

    Args:
        parse: from the variable's text to the value; raises `ValueError`.
        default: what an unset variable stands for, as the docs show it.
        allowed: completes the sentence "… must be …".
        about: what the setting is for.
    """
    return {"parse": parse, "default": default, "allowed": allowed, "about": about}


@attrs.frozen(kw_only=True)
class Settings:
    """What the operator may choose. See `docs/reference/settings.md` for each."""

    host: str = attrs.field(
        default="127.0.0.1",
        metadata=_variable(
            _host,
            default="`127.0.0.1`",
            allowed="an IP address or a host name",
            about="Address to listen on; `0.0.0.0` or `::` is every address.",
        ),
    )
    port: int = attrs.field(
        default=8000,
        metadata=_variable(
            _whole_number(0, 65535),
            default="`8000`",
            allowed="a port number from 0 to 65535",
            about="TCP port to listen on; 0 takes any free one.",
        ),
    )
    data_dir: Path = attrs.field(
        metadata=_variable(
            _path,
            default="`pilothouse` in `$XDG_DATA_HOME`, else in `~/.local/share`",
            allowed="a path",
            about="Directory of the database. Made with mode 0700 if it is missing.",
        ),
    )
    api_key: str | None = attrs.field(
        default=None,
        # Not in tracebacks, not in logs.
        repr=False,
        metadata=_variable(
            _api_key,
            default="none",
            allowed=f"at least {MIN_API_KEY_LENGTH} printable ASCII characters without spaces "
            f"that do not begin with {TOKEN_PREFIX}",
            about="An API key of the default organization. Without it, the first start makes one and prints it once.",
        ),
    )
    allowed_origins: frozenset[str] = attrs.field(
        default=frozenset(),
        metadata=_variable(
            _origins,
            default="none",
            allowed="origins such as https://example.org, separated by commas, or *",
            about="Origins whose pages may open WebSockets, call the API and frame the page, besides the server's own.",
        ),
    )
    trusted_proxies: HostList = attrs.field(
        default=HostList(),
        metadata=_variable(
            _networks,
            default="none",
            allowed="IP addresses or networks such as 10.0.0.0/8, separated by commas",
            about="Proxies whose `X-Forwarded-Proto`, `X-Forwarded-Host` and `Host` are believed.",
        ),
    )
    attach_allowlist: HostList = attrs.field(
        default=_hosts("localhost,127.0.0.0/8,::1"),
        metadata=_variable(
            _hosts,
            default="`localhost,127.0.0.0/8,::1`",
            allowed="host names, IP addresses or networks, separated by commas",
            about="Hosts of browsers that a session may attach to. Unix sockets count as loopback.",
        ),
    )
    navigation_allowlist: AllowedDestinations = attrs.field(
        default=AllowedDestinations(),
        metadata=_variable(
            _destinations,
            default="none",
            allowed="host names or IP addresses, with or without a port, or networks, separated by commas",
            about="Where browsers may be sent besides the public internet: see "
            "[Destinations](../explanation/destinations.md).",
        ),
    )
    verify_seconds: float = attrs.field(
        default=5.0,
        metadata=_variable(
            _seconds,
            default="`5`",
            allowed="a number of seconds above 0",
            about="How often open channels look whether their session is still valid, in seconds.",
        ),
    )
    max_viewers: int = attrs.field(
        default=50,
        metadata=_variable(
            _whole_number(1, 100_000),
            default="`50`",
            allowed="a whole number from 1 to 100000",
            about="Viewers that one session may have at the same time.",
        ),
    )
    takeover_policy: TakeoverPolicy = attrs.field(
        default="steal",
        metadata=_variable(
            _takeover_policy,
            default="`steal`",
            allowed="one of " + ", ".join(get_args(TakeoverPolicy)),
            about="How one viewer gets control from another: by taking it, or by asking for it. "
            "Whoever is asked has 15 s to refuse.",
        ),
    )
    idle_release_seconds: float | None = attrs.field(
        default=None,
        metadata=_variable(
            _seconds,
            default="none",
            allowed="a number of seconds above 0",
            about="After how long without input control goes from a viewer back to the agent. Without it, never.",
        ),
    )
    input_policy: str = attrs.field(
        default="guarded",
        metadata=_variable(
            _policy,
            default="`guarded`",
            allowed="one of " + ", ".join(READY_POLICIES),
            about="What whoever holds control may do in the browser: see [Input policy](input-policy.md).",
        ),
    )
    input_allow: frozenset[str] = attrs.field(
        default=frozenset(),
        metadata=_variable(
            _groups,
            default="none",
            allowed="names of input groups, separated by commas",
            about="Input groups that are allowed besides those of the policy.",
        ),
    )
    input_deny: frozenset[str] = attrs.field(
        default=frozenset(),
        metadata=_variable(
            _groups,
            default="none",
            allowed="names of input groups, separated by commas",
            about="Input groups that are not allowed, whatever the policy and `PILOTHOUSE_INPUT_ALLOW` say.",
        ),
    )
    clipboard: str = attrs.field(
        default="both",
        metadata=_variable(
            _clipboard,
            default="`both`",
            allowed="one of " + ", ".join(DIRECTIONS),
            about="Which way clipboard text may go: `copy` is out of the browser, `paste` is into it.",
        ),
    )
    max_clipboard_bytes: int = attrs.field(
        default=MAX_CUT_TEXT,
        metadata=_variable(
            _whole_number(0, MAX_CUT_TEXT),
            default=f"`{MAX_CUT_TEXT}`",
            allowed=f"a whole number from 0 to {MAX_CUT_TEXT}",
            about="Bytes of the largest clipboard text that a viewer may send; "
            "the most that is kept for a viewer, too.",
        ),
    )
    max_devtools_mib: int = attrs.field(
        default=LARGEST_MESSAGE // 2**20,
        metadata=_variable(
            _whole_number(1, 1024),
            default=f"`{LARGEST_MESSAGE // 2**20}`",
            allowed="a whole number from 1 to 1024",
            about="MiB of the largest message that is taken from a browser's DevTools; screenshots are the largest.",
        ),
    )
    audit_agent_commands: bool = attrs.field(
        default=False,
        metadata=_variable(
            _yes_or_no,
            default="`false`",
            allowed="true or false",
            about="Whether the audit trail holds which CDP methods each agent sends; parameters never.",
        ),
    )
    event_retention_days: int = attrs.field(
        default=30,
        metadata=_variable(
            _whole_number(1, 36_500),
            default="`30`",
            allowed="a whole number from 1 to 36500",
            about="Days after which [events](events.md) of sessions that are over are thrown away.",
        ),
    )
    log_level: LogLevel = attrs.field(
        default="info",
        metadata=_variable(
            _log_level,
            default="`info`",
            allowed="one of " + ", ".join(_LOG_LEVELS),
            about="The least severe log lines to show.",
        ),
    )

    @property
    def lease_rules(self) -> LeaseRules:
        """What the operator chose about control."""
        return LeaseRules(takeover=self.takeover_policy, idle_seconds=self.idle_release_seconds)

    @property
    def database_path(self) -> Path:
        """The one database file."""
        return self.data_dir / "pilothouse.sqlite3"

    @property
    def group_policy(self) -> GroupPolicy:
        """The input policy that the operator chose."""
        return READY_POLICIES[self.input_policy].changed(
            allow=self.input_allow,
            deny=self.input_deny,
            largest_cut_text=self.max_clipboard_bytes,
            clipboard=self.clipboard_policy,
        )

    @property
    def clipboard_policy(self) -> ClipboardPolicy:
        """Which way clipboard text may go."""
        return DIRECTIONS[self.clipboard]

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read every `PILOTHOUSE_…` variable.

        Raises:
            SettingsError: a value is wrong, or a variable is none of ours.
        """
        fields = {variable_of(field): field for field in attrs.fields(cls)}
        for variable in sorted(environ):
            if variable.startswith(PREFIX) and variable not in fields:
                raise SettingsError(f"{_quote(variable)[1:-1]} is no setting{_did_you_mean(variable, list(fields))}")
        values = {field.name: _parse(field, environ[name]) for name, field in fields.items() if name in environ}
        if "data_dir" not in values:
            values["data_dir"] = _default_data_dir(environ)
        return cls(**values)


def variable_of(field: attrs.Attribute[Any]) -> str:
    """The environment variable of a field of `Settings`."""
    return PREFIX + field.name.upper()


def _parse(field: attrs.Attribute[Any], text: str) -> Any:
    try:
        return field.metadata["parse"](text)
    except ValueError as error:
        given = f", not {_quote(text)}" if field.repr else ""
        raise SettingsError(f"{variable_of(field)} must be {field.metadata['allowed']}{given}") from error


def _quote(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…")


def _did_you_mean(variable: str, known: list[str]) -> str:
    # Without the prefix, which all of them share and which would make any two of them look alike.
    names = [name.removeprefix(PREFIX) for name in known]
    close = difflib.get_close_matches(variable.removeprefix(PREFIX), names, n=1)
    return f"; did you mean {PREFIX}{close[0]}?" if close else f"; the settings are {', '.join(known)}"


def _default_data_dir(environ: Mapping[str, str]) -> Path:
    data_home = environ.get("XDG_DATA_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    if data_home.startswith("/") and "\0" not in data_home:
        return Path(data_home) / "pilothouse"
    try:
        return Path(environ.get("HOME") or Path.home()).absolute() / ".local" / "share" / "pilothouse"
    except RuntimeError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR must be set: this user has no home directory") from error
