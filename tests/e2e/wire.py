"""A TCP connection between a viewer and the server that a test can cut."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread


class Wire:
    """Carries connections from one port of this machine to another, as long as it is whole.

    Attributes:
        url: of the port where it listens.
        target: the port that it connects to.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.target = 0
        self._listener = listener
        self._whole = True
        self._ends: list[socket.socket] = []

    def run(self) -> None:
        """Accept until the listener is shut down."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if not self._whole:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.target))
                self._ends += [near, far]
                Thread(target=_carry, args=[near, far]).start()
                Thread(target=_carry, args=[far, near]).start()

    def cut(self) -> None:
        """End all connections, without a goodbye, and carry no new ones."""
        self._whole = False
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def mend(self) -> None:
        self._whole = True


@contextmanager
def laid_wire() -> Iterator[Wire]:
    """A wire whose target is still to be set."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire = Wire(listener)
        thread = Thread(target=wire.run)
        thread.start()
        yield wire
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        wire.cut()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
