"""Finds the elements that a user flow names, by any of its kinds of selectors.

Source of the kinds: the documentation of `@puppeteer/replay` and of Puppeteer's query handlers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import attrs

from pilothouse.channels.flow_pages import NotThere, Place
from pilothouse.protocol.user_flow import Selector

_SCRIPT = files(__package__).joinpath("flow_script.js").read_text("utf-8")
_WORLD = "pilothouse-flow"

HANDLES = "pilothouse-flow"
"""The group of Chromium's handles on what was found."""

_CALL = "function(name, ...values) { return this[name](...values) }"
_MOST_ELEMENTS = 100

# Such as `aria/Log in[role="button"]`: the name, and attributes of it.
_ARIA_ATTRIBUTE = re.compile(r"""\[\s*(?P<attribute>\w+)\s*=\s*(?P<quote>["'])(?P<value>\\.|.*?)(?P=quote)\s*\]""")
# What the accessibility tree shows of a text as well as of the element that it is in.
_ONLY_TEXT = {"StaticText", "InlineTextBox"}


@attrs.frozen
class Element:
    """Chromium's handle on an element."""

    object_id: str


class FrameScript:
    """Our script in one document. Made by `script_in`; of no use any more when the document has gone."""

    def __init__(self, place: Place, context_id: int, object_id: str) -> None:
        self.place = place
        self._context_id = context_id
        self._object_id = object_id

    async def ask(self, name: str, *values: object) -> Any:
        """Call a function of the script; gives its value as JSON.

        Raises:
            CdpFailure: there is no answer.
            NotThere: it threw.
        """
        return (await self._call(name, values, by_value=True)).get("value")

    async def find(self, selector: Selector) -> list[Element]:
        """The elements that a chain of selectors finds, at most a hundred.

        Raises:
            CdpFailure: there is no answer.
            NotThere: it is no selector.
        """
        found = [Element((await self._call("document", ()))["objectId"])]
        for part in selector:
            way, _, text = part.partition("/")
            if way == "aria":
                found = [element for root in found for element in await self._with_name(root, text)]
            elif way in ("xpath", "pierce", "text"):
                found = await self._elements("find", way, text, *found)
            else:
                found = await self._elements("find", "css", part, *found)
            if not found:
                break
        return found

    async def visible(self, elements: Sequence[Element]) -> Element:
        """The first one that can be seen; the first of all if none can."""
        return Element((await self._call("visible", elements))["objectId"])

    async def _elements(self, name: str, *values: object) -> list[Element]:
        array = (await self._call(name, values))["objectId"]
        own = {"objectId": array, "ownProperties": True}
        properties = (await self.place.execute("Runtime.getProperties", own))["result"]
        items = [item["value"]["objectId"] for item in properties if item["name"].isdigit()]
        return [Element(item) for item in items[:_MOST_ELEMENTS]]

    async def _with_name(self, root: Element, text: str) -> list[Element]:
        """Those of this name, and this role if one is asked for, in the accessibility tree."""
        attributes = {found["attribute"]: found["value"] for found in _ARIA_ATTRIBUTE.finditer(text)}
        name = " ".join(_ARIA_ATTRIBUTE.sub("", text).split()) or attributes.get("name", "")
        wanted = {"accessibleName": name, "role": attributes.get("role", "")}
        query = {"objectId": root.object_id} | {key: value for key, value in wanted.items() if value}
        nodes = (await self.place.execute("Accessibility.queryAXTree", query))["nodes"]
        found = []
        for node in nodes[:_MOST_ELEMENTS]:
            if node.get("role", {}).get("value") not in _ONLY_TEXT and "backendDOMNodeId" in node:
                found.append(await self._resolved(node["backendDOMNodeId"]))
        return found

    async def _resolved(self, backend_node_id: int) -> Element:
        node = {"backendNodeId": backend_node_id, "executionContextId": self._context_id, "objectGroup": HANDLES}
        return Element((await self.place.execute("DOM.resolveNode", node))["object"]["objectId"])

    async def _call(self, name: str, values: Sequence[object], *, by_value: bool = False) -> dict[str, Any]:
        arguments = [{"objectId": v.object_id} if isinstance(v, Element) else {"value": v} for v in values]
        answer = await self.place.execute(
            "Runtime.callFunctionOn",
            {
                "objectId": self._object_id,
                "functionDeclaration": _CALL,
                "arguments": [{"value": name}, *arguments],
                "returnByValue": by_value,
                "awaitPromise": by_value,
                "objectGroup": HANDLES,
            },
        )
        if "exceptionDetails" in answer:
            raise NotThere(answer["exceptionDetails"].get("exception", {}).get("description", "the script threw"))
        result: dict[str, Any] = answer["result"]
        return result


async def script_in(place: Place) -> FrameScript:
    """Put our script into the document that is in the frame now.

    Raises:
        CdpFailure: it cannot be put there.
    """
    world = {"frameId": place.frame_id, "worldName": _WORLD}
    context_id = (await place.execute("Page.createIsolatedWorld", world))["executionContextId"]
    script = {"expression": _SCRIPT, "contextId": context_id, "objectGroup": HANDLES}
    answer = await place.execute("Runtime.evaluate", script)
    return FrameScript(place, context_id, answer["result"]["objectId"])


async def let_go(place: Place) -> None:
    """Chromium may forget the handles on what was found.

    Raises:
        CdpFailure: it does not answer.
    """
    await place.execute("Runtime.releaseObjectGroup", {"objectGroup": HANDLES})
