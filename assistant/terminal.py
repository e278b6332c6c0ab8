"""How answers, passages, documents and figures look on a terminal. rich stays in this file.

Text of documents is data: control characters are made visible before they reach a terminal, and no markup in
it is obeyed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from assistant.answer import Answer, Citation, Disagreement, NearPassage, Trace

if TYPE_CHECKING:
    import datetime

    from assistant.conversations import ConversationInfo
    from assistant.evaluation import Evaluation
    from assistant.timeline import Timeline, TimelineEvent
    from corpus.catalog import DocumentInfo, StoredDocument

_WIDTH = 100
"""Characters of a line at most: longer lines are hard to read."""
_NEAREST = 3
"""Nearest passages that a refusal shows."""
_EXCERPT = 280
"""Characters of a passage that are shown."""

# Controls but tab and newline, the marks that reverse the direction of what follows, and half characters, which stand
# for the bytes of a file's name that are not UTF-8.
_UNSAFE = dict.fromkeys(
    (
        *range(9),
        *range(11, 32),
        *range(127, 160),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    ),
    "\ufffd",
)


def printable(text: str) -> str:
    """``text`` without characters that a terminal obeys."""
    return text.translate(_UNSAFE)


def console() -> Console:
    """Standard output, at most 100 columns wide; without colours where it is no terminal."""
    out = Console(highlight=False, soft_wrap=False, emoji=False, markup=False)
    out.width = min(out.width, _WIDTH) if out.is_terminal else _WIDTH
    return out


def show_answer(answer: Answer) -> None:
    """The quotes with their marks and the sources, or why there is none with the nearest passages."""
    out = console()
    if answer.standalone_question != answer.question:
        out.print(Text(f"Understood as: {printable(answer.standalone_question)}", style="dim"))
    if answer.answered:
        for disagreement in answer.disagreements:
            _print_disagreement(out, disagreement, answer.citations)
            out.print()
        _print_indented(out, _answer_text(answer), 0)
        out.print()
        for step in answer.trace.steps:
            if step.name == "note":
                _print_indented(out, Text(printable(str(step.detail["text"])), style="dim"), 0)
                out.print()
        out.print(Text("Sources", style="bold"))
        for citation in answer.citations:
            source, *facts = _source(citation)
            _print_indented(out, source, 2)
            for fact in facts:
                _print_indented(out, fact, 6)
    else:
        reason = printable(answer.reason or "No answer was found in the documents.")
        _print_indented(out, Text(reason, style="bold"), 0)
        _print_filters(out, answer.trace)
        if answer.passages:
            out.print()
            out.print(Text("Nearest passages", style="bold"))
            show_passages(answer.passages[:_NEAREST])


def show_timeline(timeline: Timeline) -> None:
    """Each event's date beside its first quote, and the sources of all its quotes beneath; or why there is none."""
    out = console()
    if not timeline.events:
        out.print(Text(printable(timeline.reason or "Nothing was found."), style="bold"))
        _print_filters(out, timeline.trace)
        return
    column = min(max(len(_when(event)) for event in timeline.events), _DATE_COLUMN) + 2
    for number, event in enumerate(timeline.events):
        if number:
            out.print()
        first = event.citations[0]
        body = Text("“").append_text(_quote_text(first)).append("”")
        for citation in event.citations:
            body.append(f" [{citation.id}]")
        facts = [_fact_line(citation) for citation in event.citations]
        when = Text(_when(event), style="dim" if event.clock == "published" else "bold")
        dates = when.wrap(out, column - 2)
        lines = [line for part in (body, *facts) for line in part.wrap(out, out.width - column)]
        for row in range(max(len(dates), len(lines))):
            left = dates[row] if row < len(dates) else Text()
            left.rstrip()
            left.append(" " * (column - len(left)))
            right = lines[row] if row < len(lines) else Text()
            right.rstrip()
            out.print(left.append_text(right))


_DATE_COLUMN = 24
"""Characters of the column of dates at most."""


def _when(event: TimelineEvent) -> str:
    return f"published {event.said}" if event.clock == "published" else event.said


def _quote_text(citation: Citation) -> Text:
    """The quote in one line of thought, its marked words bold."""
    text, position = Text(), 0
    for mark in citation.marks:
        start, end = mark.start - citation.span.start, mark.end - citation.span.start
        text.append(printable(citation.quote[position:start]))
        text.append(printable(citation.quote[start:end]), style="bold")
        position = end
    return text.append(printable(citation.quote[position:]))


def _fact_line(citation: Citation) -> Text:
    facts = [citation.title, citation.source, _published(citation.published), citation.locator or ""]
    said = [f"said by {citation.speaker}"] if citation.speaker else []
    line = f"[{citation.id}] {', '.join(printable(fact) for fact in (*facts, *said) if fact)}"
    return Text(line, style="dim")


def show_passages(passages: Iterable[NearPassage]) -> None:
    """Title, date and document of each passage, and its best part's beginning."""
    out = console()
    for passage in passages:
        line = Text(printable(passage.title), style="bold")
        line.append(f"  {_published(passage.published)}, document {passage.document_id}", style="dim")
        start = passage.focus.start - passage.span.start
        text = " ".join(printable(passage.text[start : start + 2 * _EXCERPT]).split())
        excerpt = text if len(text) <= _EXCERPT else text[:_EXCERPT].rsplit(" ", 1)[0] + " …"
        _print_indented(out, line, 2)
        _print_indented(out, Text(excerpt), 4)


def show_documents(documents: Iterable[DocumentInfo]) -> None:
    """One line a document: id, published date, passages, title."""
    for info in documents:
        published = info.published.value.isoformat() if info.published else "undated"
        line = f"{info.id}  {published:<10}  {info.passages:>5} passages  {info.title}"
        sys.stdout.write(printable(line).replace("\n", " ") + "\n")


def show_conversations(infos: Iterable[ConversationInfo]) -> None:
    """One line a conversation: id, day of its last use, questions, title."""
    for info in infos:
        line = f"{info.id}  {info.updated.date().isoformat()}  {info.turns:>4} questions  {info.title}"
        sys.stdout.write(printable(line).replace("\n", " ").rstrip() + "\n")


def show_document(document: StoredDocument) -> None:
    """What is known of a document, and its text."""
    out = console()
    info = document.info
    published = info.published
    facts: Mapping[str, object] = {
        "document": info.id,
        "title": info.title,
        "published": f"{published.value.isoformat()} (from {published.source})" if published else "undated",
        "source": info.source,
        "author": info.author,
        "language": info.language,
        "url": info.url,
        "file": ", ".join(dict.fromkeys((info.name, *info.names))),
        "type": info.media_type,
        "size": f"{info.characters} characters, {info.sentences} sentences, {info.passages} passages",
        "added": info.added.isoformat(timespec="seconds"),
    }
    for name, value in facts.items():
        if value:
            out.print(Text(f"{name + ':':<11}", style="dim").append(printable(str(value)), style="default"))
    out.print()
    sys.stdout.write(printable(document.text).rstrip("\n") + "\n")


def show_evaluations(evaluations: Mapping[str, Evaluation]) -> None:
    """One table, a column for each set."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    columns = [_figures(evaluation.to_dict()) for evaluation in evaluations.values()]
    for name in evaluations:
        table.add_column(name, justify="right")
    for figure in columns[0] if columns else ():
        table.add_row(figure, *(column[figure] for column in columns))
    console().print(table)


class Bar:
    """A progress bar on standard error; nothing is drawn where that is no terminal."""

    def __init__(self, progress: Progress | None, task: Any) -> None:
        self._progress = progress
        self._task = task

    def advance(self, steps: int = 1) -> None:
        if self._progress is not None:
            self._progress.advance(self._task, steps)

    def update(self, completed: int, *, note: str = "") -> None:
        """``note``: shown beside the count."""
        if self._progress is not None:
            self._progress.update(self._task, completed=completed, note=note)

    def say(self, line: str) -> None:
        """Write a line to standard output, above the bar where both share a terminal."""
        if self._progress is not None and sys.stdout.isatty():
            self._progress.console.print(Text(printable(line)), soft_wrap=True)
        else:
            sys.stdout.write(printable(line) + "\n")
            sys.stdout.flush()


@contextmanager
def progress_bar(description: str, total: int | None) -> Iterator[Bar]:
    """A bar of ``total`` steps on standard error."""
    err = Console(stderr=True, highlight=False, markup=False)
    if not err.is_terminal:
        yield Bar(None, None)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, redirect_stdout=False) as progress:
        yield Bar(progress, progress.add_task(description, total=total, note=""))


def _answer_text(answer: Answer) -> Text:
    """The text with quotation marks about each verbatim quote, and the asked-for words bold."""
    inserts: list[tuple[int, str]] = []
    bold: list[tuple[int, int]] = []
    for citation in answer.citations:
        if citation.status != "verbatim":
            continue
        inserts += [(citation.answer.start, "“"), (citation.answer.end, "”")]
        shift = citation.answer.start - citation.span.start
        bold += [(mark.start + shift, mark.end + shift) for mark in citation.marks]
    text = Text()
    # What comes before the first quote names the values that documents differ in: the table shows them.
    begin = min((at for at, _ in inserts), default=0) if answer.disagreements else 0
    cuts = sorted({begin, len(answer.text), *(at for at, _ in inserts), *(at for span in bold for at in span)})
    for start, end in zip(cuts, [*cuts[1:], cuts[-1]], strict=True):
        for at, mark in inserts:
            if at == start:
                text.append(mark)
        style = "bold" if any(first <= start and end <= last for first, last in bold) else ""
        text.append(printable(answer.text[start:end]), style=style)
    return text


def _source(citation: Citation) -> list[Text]:
    """Where a quote stands, then what is known of it, a line each."""
    line = Text(f"[{citation.id}] ")
    line.append(printable(citation.title), style="bold")
    facts = [citation.source, _published(citation.published), citation.locator or "", citation.url]
    facts.append(f"document {citation.document_id}")
    line.append(f"  {', '.join(printable(fact) for fact in facts if fact)}", style="dim")
    lines = [line]
    events = [
        f"“{printable(words)}” is {date}"
        for words, date in zip(citation.event_texts, citation.event_dates, strict=False)
        if date not in words  # "in 2000" needs no telling
    ]
    if events:
        lines.append(Text("; ".join(events), style="dim"))
    if citation.speaker:
        lines.append(Text(f"said by {printable(citation.speaker)}", style="dim"))
    return lines


def _print_filters(out: Console, trace: Trace) -> None:
    limits = trace.filters.to_dict().items()
    if limits:
        said = "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in limits)
        out.print(Text(f"Only looked at: {said}."))


def _print_indented(out: Console, text: Text, indent: int) -> None:
    for line in text.wrap(out, out.width - indent):
        line.rstrip()
        out.print(Text(" " * indent).append_text(line))


def _print_disagreement(out: Console, disagreement: Disagreement, citations: Sequence[Citation]) -> None:
    changed = disagreement.kind == "changed over time"
    out.print(
        Text("The value changed over time, the newest first" if changed else "The documents differ", style="bold")
    )
    titles = {citation.id: citation.title for citation in citations}
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("Value", "Published", "Document"):
        table.add_column(column)
    for side in disagreement.sides:
        days = ", ".join(dict.fromkeys(day.isoformat() if day else "undated" for day in side.published))
        named = ", ".join(f"[{number}] {titles.get(number, '')}".rstrip() for number in side.citation_ids)
        more = side.documents - len(side.citation_ids)
        also = f", and {more} more" if more > 0 else ""
        cells = (side.value, days, named + also)
        table.add_row(*(Text(printable(" ".join(cell.split()))) for cell in cells))
    out.print(table)


def _published(day: datetime.date | None) -> str:
    return f"published {day.isoformat()}" if day else "undated"


def _figures(figures: Mapping[str, Any]) -> dict[str, str]:
    """Flat, as text; the curve at four of its points."""
    flat: dict[str, str] = {}
    for name, value in figures.items():
        if name == "coverage_accuracy":
            for coverage in (0.25, 0.5, 0.75, 1.0):
                flat[f"accuracy at {coverage:.0%} coverage"] = _figure(_accuracy_at(value, coverage))
        elif isinstance(value, dict):
            for part, figure in value.items():
                flat[f"{name} {part}"] = _figure(figure)
        else:
            flat[name] = _figure(value)
    return flat


def _accuracy_at(curve: Sequence[Mapping[str, float]] | None, coverage: float) -> float | None:
    return next((point["accuracy"] for point in curve or () if point["coverage"] >= coverage), None)


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"
