"""Logging, configured in one place: JSON lines to stderr, or lines for people at a terminal."""

import logging
import sys

import structlog


def configure_logging() -> None:
    """Send all logging to stderr. No request is logged, and nothing that was in one."""
    is_terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=_no_traceback)
        if is_terminal
        else structlog.processors.JSONRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            _drop_traceback,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _drop_traceback(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Keep the class of an exception that a library logs, not its text, which may hold anything."""
    information = event.pop("exc_info", None)
    if isinstance(information, tuple) and information[0] is not None:
        event["error"] = information[0].__name__
    return event


def _no_traceback(_stream: object, _information: object) -> None:
    """Print nothing: `_drop_traceback` has said what may be said."""
