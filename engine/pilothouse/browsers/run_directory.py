"""A session's private directory: profile, sockets, and a record of the processes for whoever cleans up after us."""

from __future__ import annotations

import json
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import cattrs

from pilothouse.browsers.display import DisplayFiles, write_authority
from pilothouse.browsers.errors import BrowserFailed
from pilothouse.browsers.process_table import ProcessIdentity

PREFIX = "pilothouse-"
MARKER = "PILOTHOUSE_RUN_DIRECTORY"

# sun_path of unix(7) has 108 bytes, the last of them zero. This is the longest path that a program makes here.
_LONGEST_BASE = 107 - len("/pilothouse-12345678/tmp/.org.chromium.Chromium.123456/SingletonSocket")
_RECORD = "processes.json"
_log = logging.getLogger(__name__)
_CONVERTER = cattrs.Converter(detailed_validation=False)


@attrs.define
class Record:
    """Which processes belong to a run directory.

    Attributes:
        owner: the server that made the directory.
        groups: the leaders of the process groups that it started.
        display: what the X server has in public places, once it runs.
    """

    owner: ProcessIdentity
    groups: list[ProcessIdentity] = attrs.Factory(list)
    display: DisplayFiles | None = None


@attrs.frozen
class RunDirectory:
    """Made by `create`, or found by `find`.

    Attributes:
        path: readable by nobody else.
        record: as it stands in the file after `save`.
    """

    path: Path
    record: Record

    @classmethod
    def create(cls, base: Path) -> RunDirectory:
        """Make a directory that this process owns.

        Args:
            base: where to make it; a short path, because of the sockets.

        Raises:
            BrowserFailed: it cannot be made.
        """
        if len(os.fsencode(base)) > _LONGEST_BASE:
            raise BrowserFailed(f"{base} is too long for sockets: {_LONGEST_BASE} bytes are the most")
        with _disk_failures():
            directory = cls(Path(tempfile.mkdtemp(prefix=PREFIX, dir=base)), Record(ProcessIdentity.own()))
        try:
            directory._fill()
        except BrowserFailed:
            directory.remove()
            raise
        return directory

    def _fill(self) -> None:
        self.save()
        with _disk_failures():
            for path in (self.home, self.temporary, self.profile):
                path.mkdir()
            write_authority(self.authority)

    @classmethod
    def find(cls, base: Path) -> list[RunDirectory]:
        """The run directories of this user, whoever owns them."""
        found = (cls._read(path) for path in base.glob(f"{PREFIX}*"))
        return [directory for directory in found if directory is not None]

    @classmethod
    def _read(cls, path: Path) -> RunDirectory | None:
        try:
            status = path.lstat()
            # The base is usually open to everybody: a record that somebody else could have written is not believed.
            if status.st_uid != os.geteuid() or status.st_mode != stat.S_IFDIR | 0o700:
                return None
            return cls(path, _CONVERTER.structure(json.loads((path / _RECORD).read_bytes()), Record))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def profile(self) -> Path:
        """Where Chromium keeps its profile."""
        return self.path / "profile"

    @property
    def home(self) -> Path:
        """What the programs take for the user's home directory."""
        return self.path / "home"

    @property
    def temporary(self) -> Path:
        """For temporary files: Chromium does not always remove them."""
        return self.path / "tmp"

    @property
    def authority(self) -> Path:
        """The cookie that X clients have to know."""
        return self.path / "Xauthority"

    @property
    def rfb_socket(self) -> Path:
        """Where the VNC server listens."""
        return self.path / "rfb.sock"

    @property
    def marker(self) -> str:
        """The environment variable that each process of the directory is started with."""
        return f"{MARKER}={self.path}"

    def save(self) -> None:
        """Write the record, in one step.

        Raises:
            BrowserFailed: it cannot be written.
        """
        new = self.path / f"{_RECORD}.new"
        with _disk_failures():
            new.write_text(json.dumps(attrs.asdict(self.record)))
            new.replace(self.path / _RECORD)

    def remove(self) -> None:
        """Remove the directory with all that is in it, and what a killed X server has left in public places."""
        if self.record.display is not None:
            self.record.display.remove()
        shutil.rmtree(self.path, ignore_errors=True)
        if self.path.exists():
            _log.error("%s could not be removed", self.path)


@contextmanager
def _disk_failures() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BrowserFailed(f"a browser's files cannot be written: {error}") from error
