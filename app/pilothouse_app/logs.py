"""Logging: structlog and the standard library's logging come out of one formatter.

On a terminal it writes for people, anywhere else one JSON object per line. Nothing gets past the credential mask: it
is the last step before a line is rendered, when exceptions are text already.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TextIO

import structlog
from structlog.typing import Processor

from pilothouse_app.log_masking import CredentialMask
from pilothouse_app.settings import LogLevel

_ENRICH: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure_logging(level: LogLevel, stream: TextIO, *, secrets: Collection[str] = ()) -> None:
    """Send every log line of this process to one stream.

    Args:
        level: the least severe lines to show.
        stream: where they go.
        secrets: credentials without a recognizable shape, which are masked wherever they appear.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_ENRICH,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(CredentialMask(secrets), for_people=stream.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())


def _formatter(mask: CredentialMask, *, for_people: bool) -> logging.Formatter:
    renderer: Processor = structlog.processors.JSONRenderer(sort_keys=True)
    if for_people:
        # Exceptions are rendered (and masked) before; the renderer is not to do it again in its own way.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_ENRICH,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            mask,
            renderer,
        ],
    )
