"""Where fuzzing starts: the recorded streams, for each policy, with and without control, cut and handed over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from story import IN_CONTROL, POLICIES, Event, written

VECTORS = Path(__file__).parents[1] / "data" / "rfb-vectors.json"


def seeds() -> Iterator[bytes]:
    """Stories to change."""
    recorded = [b"".join(map(bytes.fromhex, vector["chunks"])) for vector in json.loads(VECTORS.read_text())]
    for number, sent in enumerate(recorded):
        for settings in range(2 * len(POLICIES)):
            yield written(settings, [], sent)
        for event in Event:
            half = min(len(sent) // 2, 0xFF)
            yield written(IN_CONTROL | number % len(POLICIES), [(half, event), (1, Event.CUT), (9, event)], sent)
    yield written(IN_CONTROL, [], b"".join(sent for sent in recorded if len(sent) < 64))
