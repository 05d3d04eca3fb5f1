"""The REST API as a client sees it, over Quart's test client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
from quart_trio import QuartTrio

from pilothouse_app.settings import Settings

KEY = "ph_" + "k" * 43
OTHER_KEY = "ph_" + "o" * 43
SETTINGS = Settings(data_dir=Path("/nowhere"), allowed_origins=frozenset({"https://friend.example"}))


@attrs.frozen
class Answer:
    """An answer, with its body read."""

    status: int
    headers: Any
    text: str
    json: Any

    @property
    def error(self) -> Any:
        """The error's code, after a look at its form."""
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) <= {"code", "message", "details"}
        assert self.json["error"]["message"].endswith(".")
        return self.json["error"]["code"]

    @property
    def field(self) -> Any:
        """The field that a 422 names."""
        assert (self.status, self.error) == (422, "validation_failed"), self
        return self.json["error"].get("details", {}).get("field")


class RestClient:
    """Sends requests with a key."""

    def __init__(self, app: QuartTrio, key: str | None = KEY) -> None:
        self.app = app
        self._key = key

    def with_key(self, key: str | None) -> RestClient:
        """The same server, asked by somebody else."""
        return RestClient(self.app, key)

    async def __call__(self, method: str, path: str, headers: dict[str, str] | None = None, **arguments: Any) -> Answer:
        """Send a request; `json=` or `data=` is its body, `scope_base=` says how it arrives."""
        credential = {} if self._key is None else {"x-api-key": self._key}
        client = self.app.test_client()
        response = await client.open(path, method=method, headers={**credential, **(headers or {})}, **arguments)
        text = (await response.get_data()).decode()
        is_json = response.mimetype == "application/json"
        if path.startswith("/api/v1/"):
            assert is_json or not text, text
        return Answer(response.status_code, response.headers, text, await response.get_json() if is_json else None)

    async def get(self, path: str, **arguments: Any) -> Answer:
        """GET a path under the base path."""
        return await self("GET", f"/api/v1{path}", **arguments)

    async def post(self, path: str, json: Any, **arguments: Any) -> Answer:
        """POST JSON to a path under the base path."""
        return await self("POST", f"/api/v1{path}", json=json, **arguments)

    async def patch(self, path: str, json: Any) -> Answer:
        """PATCH a path under the base path with JSON."""
        return await self("PATCH", f"/api/v1{path}", json=json)

    async def put(self, path: str, json: Any) -> Answer:
        """PUT JSON to a path under the base path."""
        return await self("PUT", f"/api/v1{path}", json=json)

    async def delete(self, path: str) -> Answer:
        """DELETE a path under the base path."""
        return await self("DELETE", f"/api/v1{path}")

    async def new_session(self, **body: Any) -> Any:
        """Make a session; its JSON."""
        answer = await self.post("/browser_sessions", body)
        assert answer.status == 201, answer
        return answer.json
