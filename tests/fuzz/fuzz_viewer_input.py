"""Coverage-guided fuzzing of what a viewer sends: `nox -s fuzz`, for 60 seconds.

Arguments after `--` go to libFuzzer: `-max_total_time=1500` for longer, the file of a crash to play it again. What it
finds on the way it keeps in the session's own folder, and goes on from there the next time.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pilothouse"]):
    from playing import check

from seeds import seeds


def main() -> None:
    """The first argument is the folder of inputs, where the seeds are put too."""
    corpus, *options = sys.argv[1:]
    again = [option for option in options if not option.startswith("-")]
    if not again:
        Path(corpus).mkdir(exist_ok=True)
        for seed in seeds():
            (Path(corpus) / sha256(seed).hexdigest()).write_bytes(seed)
    atheris.Setup([sys.argv[0], *options, *([] if again else [corpus])], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
