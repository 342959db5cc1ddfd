"""Sets up structured logs: readable lines on a terminal, JSON for log collectors.

Every line has the key `process`, and `service` if the process belongs to one service, with the same values as the
labels of the metrics. `docs/operating/watching.md` lists all keys of log lines.
"""

import logging
import sys
from collections.abc import Sequence

import structlog

from shared.contracts.text import printable


def set_up(
    process: str,
    style: str,
    level: str,
    service: str | None = None,
    more: Sequence[structlog.typing.Processor] = (),
) -> None:
    """Configure structlog and the standard library's logging. `service`: the service of the process, if it belongs to
    one alone; `more`: processors that add further keys to each line."""
    names = {"process": process, **({"service": service} if service else {})}

    def name(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        # A processor, not a context variable: threads and shared tasks have contexts of their own.
        return {**names, **line}

    number = logging.getLevelNamesMapping()[level.upper()]
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
    )

    def readable(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        # A value may be text of others, and `make up` prints lines on a terminal.
        return {key: printable(value) if isinstance(value, str) else value for key, value in line.items()}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name,
            *more,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *([readable] if style != "json" else []),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stdout, format="%(levelname)s %(name)s %(message)s"
    )
    # These libraries log an error for each retry; our consumers and relays log it once.
    for chatty in ("aiokafka", "faust", "mode"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
