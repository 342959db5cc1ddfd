"""Structured logs: readable on a terminal, JSON where a machine reads them.

Every line of a process names its `process`, and its `service` where it belongs to one alone, in the words of the
metrics' labels. `docs/operating/watching.md` lists every key that a line may have.
"""

import logging
import sys
from collections.abc import Sequence

import structlog


def set_up(
    process: str,
    style: str,
    level: str,
    service: str | None = None,
    more: Sequence[structlog.typing.Processor] = (),
) -> None:
    """Configure structlog and the standard library's logging alike. `service`: of a process of one service alone;
    `more` adds what else a line names."""
    names = {"process": process, **({"service": service} if service else {})}

    def name(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        # Not by a context: a thread, and what many callers share, have one of their own.
        return {**names, **line}

    number = logging.getLevelNamesMapping()[level.upper()]
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name,
            *more,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stdout, format="%(levelname)s %(name)s %(message)s"
    )
    # Each retry of the clients would be an error line; readers and relays say it once themselves.
    for chatty in ("aiokafka", "faust", "mode"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
