"""How long a real browser session takes to begin and to end, as its viewers see it."""

from __future__ import annotations

import struct
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import attrs

from benchmarks.echo_upstream import UPDATE_REQUEST
from benchmarks.pilothouse_server import PilothouseServer
from benchmarks.sizes import Sizes
from benchmarks.viewer import Viewer

_SET_ENCODINGS_RAW = struct.pack(">BxHi", 2, 1, 0)
_BYTES_PER_PIXEL = 4
_TOOLBAR_ROWS = 40


@attrs.frozen
class SessionTimes:
    """Of several sessions, in seconds.

    Attributes:
        first_pixels: from the POST to the first update at a viewer.
        first_picture: from the POST to the update that shows the browser's toolbar.
        end: from the DELETE to the end of the last of all sockets.
    """

    first_pixels: list[float] = attrs.field(factory=list)
    first_picture: list[float] = attrs.field(factory=list)
    end: list[float] = attrs.field(factory=list)


def session_times(sizes: Sizes) -> SessionTimes:
    """One session after the other on a server that is warm, each with several viewers on both of their channels."""
    times = SessionTimes()
    with tempfile.TemporaryDirectory() as directory, PilothouseServer.running(directory) as server:
        for _ in range(sizes.sessions):
            _run_session(server, sizes.viewers, times)
    return times


def _run_session(server: PilothouseServer, viewers: int, times: SessionTimes) -> None:
    begun = time.perf_counter()
    session_id = server.create_session({})
    first = Viewer(server.stream("vnc", session_id, "viewer-0"))
    first.websocket.send(_SET_ENCODINGS_RAW)
    picture = _update(first, incremental=False)
    times.first_pixels.append(time.perf_counter() - begun)
    while not _shows_toolbar(picture, first.width):
        _update(first, incremental=True)
        picture = _update(first, incremental=False)
    times.first_picture.append(time.perf_counter() - begun)

    watching = [Viewer(server.stream("vnc", session_id, f"viewer-{number}")) for number in range(1, viewers)]
    sockets = [viewer.websocket for viewer in (first, *watching)]
    sockets += [server.stream("messages", session_id, f"viewer-{number}") for number in range(viewers)]
    with ThreadPoolExecutor(len(sockets)) as threads:
        ends = [threads.submit(socket.wait_closed) for socket in sockets]
        begun = time.perf_counter()
        server.delete_session(session_id)
        codes = {end.result() for end in ends}
        times.end.append(time.perf_counter() - begun)
    assert codes == {1000}, codes


def _shows_toolbar(picture: bytes, width: int) -> bool:
    """Whether there is more than one colour at the top: neither an empty window nor the pointer is a picture."""
    top = picture[: width * _TOOLBAR_ROWS * _BYTES_PER_PIXEL]
    return top != top[:_BYTES_PER_PIXEL] * (len(top) // _BYTES_PER_PIXEL)


def _update(viewer: Viewer, *, incremental: bool) -> bytes:
    """The pixels of the next FramebufferUpdate, all of them in raw encoding."""
    request = struct.pack(">BBHHHH", UPDATE_REQUEST, incremental, 0, 0, viewer.width, viewer.height)
    viewer.websocket.send(request)
    kind, rectangles = struct.unpack(">BxH", viewer.read(4))
    assert kind == 0, f"server message {kind}"
    pixels = b""
    for _ in range(rectangles):
        _, _, width, height, _ = struct.unpack(">HHHHi", viewer.read(12))
        pixels += viewer.read(width * height * _BYTES_PER_PIXEL)
    return pixels
