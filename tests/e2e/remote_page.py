"""A page of the remote browser, seen by bare DevTools.

Playwright would make the page believe that it always has the focus, and so hide from us and from the server where the
keyboard is.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect


class RemotePage:
    """One page."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._sent = 0

    def evaluate(self, expression: str) -> Any:
        """What a script gives, in the page's own world."""
        answer = self._execute("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def go(self, url: str) -> None:
        """Show this URL, without the server's help."""
        self._execute("Page.navigate", url=url)

    def _execute(self, method: str, **params: Any) -> dict[str, Any]:
        self._sent += 1
        self._connection.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            answer: dict[str, Any] = json.loads(self._connection.recv(timeout=10))
            if answer.get("id") == self._sent:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result


def urls_of_pages(cdp_address: str) -> list[str]:
    """Of all tabs."""
    return [target["url"] for target in _pages(cdp_address)]


@contextmanager
def remote_page(cdp_address: str) -> Iterator[RemotePage]:
    """The only page of a browser."""
    (target,) = _pages(cdp_address)
    with connect(target["webSocketDebuggerUrl"], max_size=None) as connection:
        yield RemotePage(connection)


def _pages(cdp_address: str) -> list[dict[str, Any]]:
    return [target for target in httpx.get(f"{cdp_address}/json/list").json() if target["type"] == "page"]
