"""The server's log: one line an event on standard error, for people or as JSON. No question's text, unless asked for.

All code logs through the standard library, as the packages below it do, so that one stream holds everything; structlog
is what makes each record a line with its request id.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog
from structlog.stdlib import ProcessorFormatter

if TYPE_CHECKING:
    from structlog.typing import Processor

    from assistant.answer import Answer
    from assistant.settings import LogFormat

_OURS = ("app", "assistant", "corpus", "index")

log = logging.getLogger(__name__)


def configure_logs(form: LogFormat) -> None:
    """Send every record of the process to standard error: ours from INFO on, those of packages from WARNING on."""
    told: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Tracebacks without the values of variables: those may be a question, or a key.
    last: list[Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
            )
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(foreign_pre_chain=told, processors=[ProcessorFormatter.remove_processors_meta, *last])
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)


def answer_log(*, questions: bool) -> Callable[[Answer], None]:
    """Logs an answer by its id, outcome and times.

    Args:
        questions: log the question's text too.
    """

    def tell(answer: Answer) -> None:
        log.info(
            "answered" if answer.answered else "abstained",
            extra={
                "answer_id": answer.id,
                "confidence": round(answer.confidence, 3),
                "citations": len(answer.citations),
                "ms": {step: round(time, 1) for step, time in answer.timings_ms.items()},
                **({"question": answer.question} if questions else {}),
            },
        )

    return tell
