"""The ``dateline`` command.

Everything heavy is imported by the command that needs it, so that ``--help`` is quick.
"""

from __future__ import annotations

import datetime
import functools
import itertools
import json
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import click

from assistant.days import read_day

if TYPE_CHECKING:
    from assistant.answer import Turn
    from assistant.assistant import Answerer
    from assistant.evaluation import Evaluation
    from assistant.ingestion import Ingested
    from assistant.keys import Key, Keys, Role
    from assistant.parts import Parts
    from assistant.settings import Settings
    from corpus.catalog import Catalog
    from corpus.filters import Filters

DONE, FAILED, BAD_INPUT, CANNOT_START, INTERRUPTED = 0, 1, 2, 3, 130

EXIT_CODES = """\b
Exit codes:
  0    done; also when the documents hold no answer
  1    a part failed, the rest was done
  2    wrong usage or input: nothing was done
  3    the library or the port can't be used
  130  interrupted
"""


class Failure(click.ClickException):
    """One clear sentence for standard error, and an exit code."""

    exit_code: ClassVar[int] = FAILED
    code: ClassVar[str] = "failed"
    """What went wrong, for programs: the API's words."""


class BadInput(Failure):
    """What was asked for makes no sense; nothing was done."""

    exit_code = BAD_INPUT
    code = "invalid_request"


class LibraryFailure(Failure):
    """The library, or a model that it needs, can't be used."""

    exit_code = CANNOT_START
    code = "library_unusable"


class PortFailure(Failure):
    """The server can't listen."""

    exit_code = CANNOT_START
    code = "port_unusable"


@dataclass
class Session:
    """What every command works with: the flags of the whole command, and how the parts are opened."""

    opener: Callable[..., Parts] | None = None
    """Another way to open the parts than ``open_parts``; None for that."""
    flags: dict[str, Any] = field(default_factory=dict)

    def settings(self, **flags: Any) -> Settings:
        from assistant.settings import SettingsError, load_settings

        try:
            return load_settings(**self.flags, **flags)
        except SettingsError as error:
            raise BadInput(str(error)) from error

    @contextmanager
    def parts(self, settings: Settings | None = None, **options: bool) -> Iterator[Parts]:
        """The parts, closed at the end; their errors become one sentence each."""
        from assistant.assistant import QuestionError
        from assistant.parts import open_parts
        from assistant.settings import SettingsError
        from index.errors import LibraryError

        settings = settings or self.settings()
        try:
            parts = (self.opener or open_parts)(settings, **options)
            try:
                yield parts
            finally:
                parts.close()
        except (QuestionError, SettingsError) as error:
            raise BadInput(str(error)) from error
        except LibraryError as error:
            raise LibraryFailure(str(error)) from error

    @contextmanager
    def keys(self) -> Iterator[Keys]:
        """The keys of the library, whoever else has it open."""
        from assistant.keys import Keys

        with self.catalog() as catalog:
            yield Keys(catalog.database)

    @contextmanager
    def catalog(self) -> Iterator[Catalog]:
        """The catalog of the library alone, whoever else has it open."""
        from corpus.catalog import Catalog
        from corpus.errors import CatalogError

        settings = self.settings()
        try:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            with closing(Catalog.at(settings.data_dir, settings.catalog_url)) as catalog:
                yield catalog
        except (CatalogError, OSError) as error:
            raise LibraryFailure(str(error)) from error


class Day(click.ParamType[datetime.date]):
    """A day, month or year: its first day, or its last one."""

    name = "date"

    def __init__(self, *, last: bool) -> None:
        self._last = last

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.date:
        if isinstance(value, datetime.date):
            return value
        try:
            return read_day(str(value), last=self._last)
        except ValueError as error:
            raise click.BadParameter(f"{error}.", ctx, param) from error


class Expiry(click.ParamType[datetime.datetime]):
    """The end of a day in UTC, or so many days or hours from now."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime.datetime:
        now = datetime.datetime.now(datetime.UTC)
        if found := re.fullmatch(r"(\d{1,6})([dh])", str(value).strip()):
            when = now + datetime.timedelta(**{{"d": "days", "h": "hours"}[found[2]]: int(found[1])})
        else:
            try:
                day = Day(last=True).convert(value, param, ctx)
            except click.BadParameter as error:
                raise click.BadParameter(f"{error.message} Or write a time from now: 90d, 12h.", ctx, param) from error
            when = datetime.datetime.combine(day, datetime.time.max, datetime.UTC).replace(microsecond=0)
        if when <= now:
            raise click.BadParameter(f"{value!r} has passed.", ctx, param)
        return when


json_option = click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
lines_option = click.option("--json", "as_json", is_flag=True, help="A JSON line a file, then one that sums up.")


@dataclass(frozen=True, slots=True)
class Limits:
    """The options that limit what is searched, as they were given."""

    as_of: datetime.date | None
    after: datetime.date | None
    before: datetime.date | None
    documents: tuple[str, ...]

    def filters(self, parts: Parts) -> Filters:
        """What they mean for a library.

        Raises:
            BadInput: no document can pass, or one that is named does not exist.
        """
        from corpus.filters import Filters

        unknown = [document_id for document_id in self.documents if parts.library.document(document_id) is None]
        if unknown:
            raise _no_document(unknown)
        if self.after and self.before and self.after > self.before:
            raise BadInput(f"--after {self.after} is later than --before {self.before}: no document can pass both.")
        if self.after and self.as_of and self.after > self.as_of:
            raise BadInput(
                f"--after {self.after} is later than --as-of {self.as_of}: nothing that was published by then can pass."
            )
        return Filters(self.as_of, self.after, self.before, self.documents or None)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--as-of, --after, --before, --document, handed to the command as one ``limits``."""

    @functools.wraps(command)
    def limited(
        *arguments: Any,
        as_of: datetime.date | None,
        after: datetime.date | None,
        before: datetime.date | None,
        documents: tuple[str, ...],
        **options: Any,
    ) -> Any:
        return command(*arguments, limits=Limits(as_of, after, before, documents), **options)

    for option in (
        click.option("--document", "documents", metavar="ID", multiple=True, help="Only this document; repeatable."),
        click.option("--before", type=Day(last=True), metavar="D", help="Only what was published by D."),
        click.option("--after", type=Day(last=False), metavar="D", help="Only what was published on D or later."),
        click.option("--as-of", type=Day(last=True), metavar="D", help="Answer as if D were today."),
    ):
        limited = option(limited)
    return limited


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EXIT_CODES)
@click.option("--data-dir", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the library.")
@click.option(
    "--answer-accuracy",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="A",
    help="Share of answers that must be right, as 0.8.",
)
@click.version_option(package_name="dateline", prog_name="dateline")
@click.pass_obj
def cli(session: Session, data_dir: Path | None, answer_accuracy: float | None) -> None:
    """Ask your documents, and get answers in their own words, each quote with its source and date.

    Dates (D) are a day, month or year: 2024-11-12, 2024-11, 2024. Settings come from flags, the environment
    (DATELINE_…) and dateline.toml in the working folder, in this order.
    """
    session.flags = {"data_dir": data_dir, "answer_accuracy": answer_accuracy}


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--published", type=Day(last=False), metavar="D", help="All of them were published on D.")
@lines_option
@click.pass_obj
def ingest(session: Session, paths: tuple[Path, ...], published: datetime.date | None, as_json: bool) -> int:
    """Read files and folders into the library.

    A file that is in it already is left alone, a changed one replaces its old self. Ctrl-C keeps what was
    reported; the next run goes on from there.
    """
    from assistant import ingestion
    from corpus.document import PublishedDate

    found = ingestion.find(paths)
    if not found.files:
        raise BadInput(" ".join(f"{missing.path}: {missing.detail}" for missing in found.missing))
    given = PublishedDate(published, "user", published.isoformat()) if published else None
    with session.parts() as parts, _stoppable() as stop:
        limits = session.settings().limits
        arrivals = ingestion.ingest(parts.library, found.files, published=given, limits=limits, stop=stop)
        results = itertools.chain(found.missing, arrivals)
        counts = _tell(results, total=len(found.files) + len(found.missing), as_json=as_json)
        _sum_up(parts, {status: counts[status] for status in ingestion.STATUSES}, as_json=as_json)
    if stop.is_set():
        return INTERRUPTED
    return FAILED if counts[ingestion.FAILED] else DONE


answerer_option = click.option(
    "--answerer", type=click.Choice(["llm", "verbatim"]), help="Let the LLM phrase, or take the documents' own words."
)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--watch", is_flag=True, help="Go on with each change of the folder, until interrupted.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--allow-empty", is_flag=True, help="Also when the folder holds no files any more.")
@lines_option
@click.pass_obj
def sync(session: Session, folder: Path, watch: bool, dry_run: bool, allow_empty: bool, as_json: bool) -> int:
    """Make the library equal to a folder.

    Adds what is new, replaces what changed, removes what came from the folder and is gone. Uploads and other
    folders are left alone.
    """
    from assistant.sync import STATUSES, SyncError, changes, compare, plan
    from assistant.sync import sync as make_equal

    if watch and dry_run:
        raise click.UsageError("Give either --watch or --dry-run.")
    limits = session.settings().limits
    with session.parts() as parts, _stoppable() as stop:

        def once(*, quiet: bool) -> Counter[str]:
            difference = compare(parts.library, folder, allow_empty=allow_empty)
            results = (
                plan(parts.library, difference, limits=limits)
                if dry_run
                else make_equal(parts.library, difference, limits=limits, stop=stop)
            )
            told = (result for result in results if not quiet or result.status != "unchanged")
            total = len(difference.files) + len(difference.gone)
            counts = _tell(told, total=total, as_json=as_json)
            if not quiet or counts:
                said = "Nothing was changed; a sync would give" if dry_run else ""
                _sum_up(parts, {status: counts[status] for status in STATUSES}, as_json=as_json, before=said)
            return counts

        try:
            counts = once(quiet=False)
            for _ in changes(folder, stop) if watch else ():
                counts = once(quiet=True)
        except SyncError as error:
            raise BadInput(str(error)) from error
    if stop.is_set():
        return DONE if watch else INTERRUPTED
    return FAILED if counts["failed"] else DONE


@cli.command()
@click.argument("question", metavar='"…"')
@filter_options
@answerer_option
@json_option
@click.pass_obj
def ask(
    session: Session,
    question: str,
    limits: Limits,
    answerer: Answerer | None,
    as_json: bool,
) -> None:
    """Answer a question with quotes from the documents."""
    with session.parts() as parts:
        filters = limits.filters(parts)
        answer = parts.assistant.ask(question, filters=filters, answerer=answerer)
    if as_json:
        _emit(answer.to_dict())
        return
    from assistant.terminal import show_answer

    show_answer(answer)


@cli.command()
@filter_options
@answerer_option
@json_option
@click.pass_obj
def chat(
    session: Session,
    limits: Limits,
    answerer: Answerer | None,
    as_json: bool,
) -> None:
    """Ask question after question in one conversation.

    Each may lean on those before it. A line is a question; an empty one is passed over; the end of the input
    (Ctrl-D) ends the chat. With --json every answer is one line.
    """
    from assistant.answer import Turn
    from assistant.assistant import QuestionError
    from assistant.terminal import show_answer

    history: list[Turn] = []
    with session.parts() as parts:
        filters = limits.filters(parts)
        for question in _lines(prompt="" if as_json else "? "):
            try:
                answer = parts.assistant.ask(question, history=history, filters=filters, answerer=answerer)
            except QuestionError as error:
                click.echo(f"Error: {error}", err=True)
                continue
            if as_json:
                click.echo(_json(answer.to_dict(), indent=None))
            else:
                show_answer(answer)
                click.echo()
            history += [Turn("user", question), Turn("assistant", answer.text)]


@cli.command()
@click.argument("query", metavar='"…"')
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Passages at most.")
@filter_options
@json_option
@click.pass_obj
def search(
    session: Session,
    query: str,
    limit: int,
    limits: Limits,
    as_json: bool,
) -> None:
    """Show the passages that are nearest to a query."""
    from assistant.answer import NearPassage

    if not query.strip():
        raise BadInput("The query is empty; write what you look for.")
    with session.parts() as parts:
        filters = limits.filters(parts)
        found = parts.library.search(query, limit=limit, filters=filters)
    passages = [
        NearPassage(
            document_id=result.passage.document_id,
            title=result.document.title,
            published=result.document.published.value if result.document.published else None,
            span=result.passage.span,
            focus=result.core,
            text=result.passage.text,
            score=result.score,
        )
        for result in found
    ]
    if as_json:
        _emit({"query": query, "passages": [passage.to_dict() for passage in passages]})
    elif passages:
        from assistant.terminal import show_passages

        show_passages(passages)
    else:
        click.echo("Nothing was found.")


@cli.command()
@click.argument("topic", metavar='"…"')
@click.option("--limit", type=click.IntRange(1, 100), default=30, show_default=True, help="Events at most.")
@filter_options
@json_option
@click.pass_obj
def timeline(
    session: Session,
    topic: str,
    limit: int,
    limits: Limits,
    as_json: bool,
) -> None:
    """Show what happened when, in quotes on a topic.

    The dates are those of the events, as fine as the quotes tell them. A topic may name a time ("floods in
    August 2024"): then only events of that time are shown.
    """
    with session.parts() as parts:
        filters = limits.filters(parts)
        found = parts.assistant.timeline(topic, filters=filters, limit=limit)
    if as_json:
        _emit(found.to_dict())
        return
    from assistant.terminal import show_timeline

    show_timeline(found)


@cli.command(name="list")
@click.option("--query", default="", help="Only documents whose title or name holds this.")
@click.option("--limit", type=click.IntRange(1), help="Documents at most.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Documents passed over.")
@json_option
@click.pass_obj
def list_documents(session: Session, query: str, limit: int | None, offset: int, as_json: bool) -> None:
    """List the documents of the library."""
    with session.parts() as parts:
        documents = parts.library.documents(limit=limit, offset=offset, query=query)
        total = parts.catalog.count(query=query)
    if as_json:
        _emit({"documents": [info.to_dict() for info in documents], "total": total})
        return
    from assistant.terminal import show_documents

    show_documents(documents)
    if len(documents) < total or not total:
        click.echo(f"{len(documents)} of {_count(total, 'document')}.", err=True)


@cli.command()
@click.argument("document_id", metavar="ID")
@json_option
@click.pass_obj
def show(session: Session, document_id: str, as_json: bool) -> None:
    """Show a document: what is known of it, and its text."""
    with session.parts() as parts:
        document = parts.library.document(document_id)
    if document is None:
        raise _no_document([document_id])
    if as_json:
        _emit({**document.info.to_dict(), "text": document.text})
        return
    from assistant.terminal import show_document

    show_document(document)


@cli.command()
@click.argument("document_ids", nargs=-1, required=True, metavar="ID…")
@json_option
@click.pass_obj
def delete(session: Session, document_ids: tuple[str, ...], as_json: bool) -> int:
    """Delete documents from the library.

    The files that they came from stay where they are.
    """
    wanted = list(dict.fromkeys(document_ids))
    with session.parts() as parts:
        deleted = parts.library.remove(wanted)
    unknown = [document_id for document_id in wanted if document_id not in set(deleted)]
    if not deleted:
        raise _no_document(unknown)
    if as_json:
        _emit({"deleted": deleted, "unknown": unknown})
    else:
        click.echo(f"Deleted {_count(len(deleted), 'document')}.")
        if unknown:
            click.echo(f"Error: {_no_document(unknown).message}", err=True)
    return FAILED if unknown else DONE


@cli.command(name="export")
@click.argument("conversation_id", required=False, metavar="[ID]")
@click.option("--key", "of_key", metavar="NAME", help="Conversations of this key, by its name or id.")
@json_option
@click.pass_obj
def export_conversation(session: Session, conversation_id: str | None, of_key: str | None, as_json: bool) -> None:
    """Print a kept conversation, or list them.

    Without an ID they are listed. One is printed as Markdown, each answer with its quotes and their sources; a quote is
    withheld where its document was deleted or changed since. Conversations held with a key are those of --key.
    """
    from assistant import export
    from assistant.conversations import LOCAL, Conversations, NotKeptError
    from assistant.keys import Keys
    from assistant.server import url_at
    from assistant.terminal import printable, show_conversations

    settings = session.settings()
    with session.catalog() as catalog:
        owner = _key_named(Keys(catalog.database), of_key).id if of_key is not None else LOCAL
        kept = Conversations(catalog)
        try:
            conversation = kept.get(owner, conversation_id) if conversation_id is not None else None
        except NotKeptError as error:
            raise BadInput(f"{error} `dateline export` lists those that are kept.") from error
        total = kept.count(owner)
        infos = kept.infos(owner, limit=total) if conversation is None else []
    base = url_at(settings.host, settings.port)
    if conversation is not None and as_json:
        _emit(export.to_json(conversation, base=base))
    elif conversation is not None:
        click.echo(printable(export.to_markdown(conversation, base=base)), nl=False)
    elif as_json:
        _emit({"conversations": [info.to_dict() for info in infos], "total": total})
    else:
        show_conversations(infos)
        if not infos:
            click.echo("No conversation is kept. Those that were held with a key are listed by --key NAME.", err=True)


@cli.command()
@json_option
@click.pass_obj
def reindex(session: Session, as_json: bool) -> None:
    """Build the index anew from the kept texts.

    It is needed after another embedding model was set.
    """
    from assistant.terminal import progress_bar

    started = time.perf_counter()
    with session.parts(any_model=True) as parts:
        with progress_bar("Indexing", parts.library.stats().documents) as bar:
            for _ in parts.library.reindex():
                bar.advance()
        stats = parts.library.stats()
    seconds = round(time.perf_counter() - started, 1)
    if as_json:
        _emit({"documents": stats.documents, "passages": stats.passages, "seconds": seconds})
    else:
        counts = f"{_count(stats.documents, 'document')} ({_count(stats.passages, 'passage')})"
        click.echo(f"Indexed {counts} anew in {seconds} s.")


@cli.command()
@click.option("--to", required=True, metavar="servers|DIR", help="The servers that the settings name, or a folder.")
@click.option("--from", "of", type=click.Path(path_type=Path), metavar="DIR", help="Instead of the data folder.")
@json_option
@click.pass_obj
def migrate(session: Session, to: str, of: Path | None, as_json: bool) -> None:
    """Move the library to servers, or from them into a folder.

    It is compared row by row at the end, and the old one stays. Cut short, it goes on where it ended when it is run
    again.
    """
    from assistant.migration import migrate
    from assistant.settings import SettingsError
    from assistant.terminal import progress_bar
    from index.errors import LibraryError

    with ExitStack() as stack:

        def begin(documents: int) -> Callable[[], None]:
            bar = stack.enter_context(progress_bar("Moving", documents))
            return lambda: bar.advance()

        try:
            done = migrate(session.settings(), to, of=of, begin=begin)
        except SettingsError as error:
            raise BadInput(str(error)) from error
        except LibraryError as error:
            raise LibraryFailure(str(error)) from error
    if as_json:
        _emit(done.to_dict())
        return
    for table in done.tables:
        click.echo(f"{table.table:18} {table.source:>12,}  equal")
    moved = (_count(done.documents, "document"), _count(done.originals, "original"), _count(done.vectors, "vector"))
    click.echo(f"Moved {', '.join(moved)}.")
    for hashed in done.lost:
        click.echo(f"The original {hashed} was lost before the move.", err=True)


@cli.command(name="eval")
@click.option("--documents", type=click.Path(path_type=Path), metavar="DIR", help="Folder of documents.")
@click.option("--questions", type=click.Path(path_type=Path), metavar="FILE", help="questions.jsonl.")
@click.option(
    "--sets",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Every folder in DIR that holds documents/ and questions.jsonl, instead of one set.",
)
@click.option("--details", type=click.Path(path_type=Path), metavar="FILE", help="Write a JSON line a question.")
@click.option("--servers", is_flag=True, help="On the servers that are set, in a database and collections of its own.")
@json_option
@click.pass_obj
def evaluate(
    session: Session,
    documents: Path | None,
    questions: Path | None,
    sets: Path | None,
    details: Path | None,
    servers: bool,
    as_json: bool,
) -> None:
    """Measure how well known questions are answered.

    The documents go into a temporary library. The README tells what a row of the questions holds, and what
    the figures mean.
    """
    if servers and None in (session.settings().catalog_url, session.settings().chroma_server):
        raise BadInput("--servers needs DATELINE_DATABASE_URL and DATELINE_CHROMA_URL.")
    if sets is not None:
        if documents or questions:
            raise click.UsageError("Give either --sets, or --documents and --questions.")
        chosen = {path.parent.name: path.parent for path in sorted(sets.glob("*/questions.jsonl"))}
        pairs = {
            name: (folder / "documents", folder / "questions.jsonl")
            for name, folder in chosen.items()
            if (folder / "documents").is_dir()
        }
        if not pairs:
            raise BadInput(f"{sets} holds no folder with documents/ and questions.jsonl.")
    elif documents is not None and questions is not None:
        if not documents.is_dir():
            raise BadInput(f"{documents} is not a folder.")
        pairs = {documents.resolve().parent.name: (documents, questions)}
    else:
        raise click.UsageError("Give --documents DIR and --questions FILE, or --sets DIR.")
    if details is not None:
        details.write_text("", "utf-8")
    evaluations = {
        name: _evaluate(session, name, *pair, details=details, servers=servers) for name, pair in pairs.items()
    }
    if as_json:
        figures = {name: evaluation.to_dict() for name, evaluation in evaluations.items()}
        _emit(figures if sets is not None else next(iter(figures.values())))
        return
    from assistant.terminal import show_evaluations

    show_evaluations(evaluations)


@cli.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes behind the port, on a library on servers.")
@json_option
@click.pass_obj
def serve(session: Session, host: str | None, port: int | None, workers: int | None, as_json: bool) -> None:
    """Serve the page and the API until interrupted."""
    from assistant.server import PortError, serve_forever
    from assistant.settings import SettingsError
    from index.errors import LibraryError

    def announce(url: str) -> None:
        click.echo(_json({"url": url}, indent=None) if as_json else f"Dateline is at {url}  (Ctrl-C ends it)")

    try:
        serve_forever(session.settings(host=host, port=port, workers=workers), announce=announce)
    except SettingsError as error:
        raise BadInput(str(error)) from error
    except PortError as error:
        raise PortFailure(str(error)) from error
    except LibraryError as error:
        raise LibraryFailure(str(error)) from error


@cli.group()
def keys() -> None:
    """Make, list and revoke keys.

    Once a key was made, nobody uses the server's page or API without one. What these commands do counts at once,
    also in a server that runs.
    """


@keys.command(name="create")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["reader", "writer", "admin"]),
    default="reader",
    show_default=True,
    help="reader: asks. writer: also changes documents. admin: also manages keys.",
)
@click.option("--expires", type=Expiry(), metavar="D", help="Last day (UTC), or a time from now: 90d, 12h.")
@json_option
@click.pass_obj
def create_key(session: Session, name: str, role: Role, expires: datetime.datetime | None, as_json: bool) -> None:
    """Make a key for a program or person, and show it, this once."""
    from assistant.keys import KeyNameError

    with session.keys() as kept:
        try:
            made = kept.create(name, role, expires=expires)
        except KeyNameError as error:
            raise BadInput(str(error)) from error
    if as_json:
        _emit(made.key.to_dict() | {"key": made.token})
    else:
        click.echo(made.token)
        click.echo("Keep it: it is not shown again. Programs send it as `Authorization: Bearer KEY`.", err=True)


@keys.command(name="list")
@json_option
@click.pass_obj
def list_keys(session: Session, as_json: bool) -> None:
    """List the keys that were ever made, without their secrets."""
    with session.keys() as kept:
        made = [key.to_dict() for key in kept.all()]
    if as_json:
        _emit({"keys": made})
        return
    for key in made:
        until = f"until {key['expires'][:16].replace('T', ' ')}" if key["expires"] else "for good"
        since = f"made {key['created'][:10]}"
        click.echo(f"{key['id']}  {key['role']:<6}  {key['state']:<8}  {since}  {until:<22}  {key['name']}")
    if not made:
        click.echo("No key was made: the server is open to this computer alone.", err=True)


@keys.command(name="revoke")
@click.argument("name_or_id", metavar="NAME")
@json_option
@click.pass_obj
def revoke_key(session: Session, name_or_id: str, as_json: bool) -> None:
    """Revoke a key, by its name or id, and end what it signed in to."""
    with session.keys() as kept:
        key = kept.revoke(name_or_id)
    if key is None:
        raise BadInput(f"No key in force goes by {name_or_id!r}; `dateline keys list` shows them.")
    if as_json:
        _emit(key.to_dict())
    else:
        click.echo(f"Revoked {key.name!r} ({key.id}).")


@cli.command()
@click.option("--json", is_flag=True, expose_value=False, help="A failure to start as JSON.")
@click.pass_obj
def mcp(session: Session) -> None:
    """Offer the documents to another program's model (MCP on stdio).

    The program starts this command itself. While a server runs on the same library, its address with /mcp does the
    same over HTTP.
    """
    from assistant.mcp_server import run_on_stdio

    with session.parts() as parts:
        run_on_stdio(parts)


@cli.command()
@click.option("--fix", is_flag=True, help="Mend the library where it can be mended.")
@json_option
@click.pass_obj
def doctor(session: Session, fix: bool, as_json: bool) -> int:
    """Check that all that is needed is in order.

    Looks at versions, the data folder, its disk, the library, the models and the port, and says what to do
    where one fails. With --fix it removes what belongs to no document, completes what is missing, rebuilds a
    vector index that was left in the middle of a write, and indexes anew after a change of model.
    """
    from assistant.doctor import examine

    checks = list(examine(session.settings(), session.opener, fix=fix))
    healthy = all(check.ok for check in checks)
    if as_json:
        _emit({"ok": healthy, "checks": [check.to_dict() for check in checks]})
    else:
        for check in checks:
            mark = click.style("ok  ", fg="green") if check.ok else click.style("FAIL", fg="red", bold=True)
            click.echo(f"{mark}  {check.name:<16}  {check.detail}")
    return DONE if healthy else FAILED


def run(arguments: Sequence[str], *, session: Session | None = None) -> int:
    """Do what the command line says and return the exit code."""
    try:
        code = cli.main(list(arguments), prog_name="dateline", standalone_mode=False, obj=session or Session())
    except click.ClickException as error:
        if "--json" in arguments:
            _emit(_error_object(error))
        else:
            error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    return code if isinstance(code, int) else DONE


def main() -> NoReturn:
    """The ``dateline`` command."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough (`dateline list | head`); nothing more can be written to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DONE
    sys.exit(code)


@contextmanager
def _temporary_parts(session: Session, *, servers: bool) -> Iterator[Parts]:
    """Parts on a library that is gone afterwards: in a folder, or on the servers that the settings name."""
    import tempfile

    from pydantic import SecretStr

    from corpus.database import scratch_database
    from index.errors import LibraryError

    # Its copies of files are its own too: the library's are not to go with it.
    settings = session.settings().model_copy(update={"originals_url": None})
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dateline-eval-")))
        if not servers or settings.catalog_url is None:
            given = {"data_dir": folder, "chroma_url": None, "database_url": None}
            yield stack.enter_context(session.parts(settings.model_copy(update=given)))
            return
        try:
            database = SecretStr(stack.enter_context(scratch_database(settings.catalog_url)))
        except LibraryError as error:
            raise LibraryFailure(str(error)) from error
        own = settings.model_copy(update={"data_dir": folder, "database_url": database})
        parts = stack.enter_context(session.parts(own))
        stack.callback(parts.library.discard_vectors)
        yield parts


def _evaluate(
    session: Session, name: str, documents: Path, questions: Path, *, details: Path | None, servers: bool
) -> Evaluation:
    from assistant import evaluation, ingestion
    from assistant.terminal import progress_bar

    try:
        rows = evaluation.read_questions(questions)
    except evaluation.EvaluationError as error:
        raise BadInput(str(error)) from error
    found = ingestion.find([documents])
    with _temporary_parts(session, servers=servers) as parts:
        with progress_bar(f"{name}: reading", len(found.files)) as bar:
            seen = set()
            for result in ingestion.ingest(parts.library, found.files):
                seen.add(result.path)
                bar.update(len(seen))
                if result.status == ingestion.FAILED:
                    click.echo(_ingested_line(result), err=True)
        count = parts.library.stats().documents
        if not count:
            raise BadInput(f"{documents} holds no document that can be read.")
        outcomes = []
        with progress_bar(f"{name}: asking", len(rows)) as bar:
            for outcome in evaluation.ask_all(parts.assistant, parts.library, rows):
                outcomes.append(outcome)
                bar.advance()
    lost = [outcome.question.id for outcome in outcomes if not outcome.evidence_found]
    if lost:
        click.echo(f"{name}: the document or evidence of {len(lost)} questions is missing: {lost[:5]}", err=True)
    if details is not None:
        with details.open("a", encoding="utf-8") as file:
            file.writelines(_json({"set": name, **outcome.to_dict()}, indent=None) + "\n" for outcome in outcomes)
    return evaluation.summarise(outcomes, documents=count)


def _error_object(error: click.ClickException) -> dict[str, Any]:
    """The one shape that the API has too."""
    param = getattr(getattr(error, "param", None), "name", None)
    return {
        "error": {
            "type": "invalid_request_error" if error.exit_code == BAD_INPUT else "server_error",
            "message": error.format_message(),
            "code": error.code if isinstance(error, Failure) else BadInput.code,
            "param": param,
        }
    }


def _key_named(keys: Keys, name_or_id: str) -> Key:
    """The key, also a revoked one; of several with the name the newest."""
    for key in reversed(keys.all()):
        if name_or_id in (key.id, key.name):
            return key
    raise BadInput(f"No key goes by {name_or_id!r}; `dateline keys list` shows them.")


def _no_document(document_ids: Sequence[str]) -> BadInput:
    return BadInput(f"No document has the id {', '.join(document_ids)}; `dateline list` shows the ids.")


def _lines(prompt: str) -> Iterator[str]:
    """Questions from standard input, until it ends."""
    if prompt and sys.stdin.isatty():
        import readline  # noqa: F401 — gives input() its history and editing keys

        while True:
            try:
                line = input(prompt)
            except EOFError:
                click.echo()
                return
            if line.strip():
                yield line
    for line in sys.stdin:
        if line.strip():
            yield line.rstrip("\n")


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second one interrupts."""
    stop = threading.Event()

    def note(_signal: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        click.echo("Stopping; what was reported is kept. Ctrl-C again ends at once.", err=True)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(results: Iterable[Ingested], *, total: int, as_json: bool) -> Counter[str]:
    """Print each result as it comes, beside a bar of ``total`` files; how many there are of each status."""
    from assistant.terminal import progress_bar

    counts: Counter[str] = Counter()
    seen: set[Path] = set()
    passages = 0
    with progress_bar("Reading", total) as bar:
        for result in results:
            counts[result.status] += 1
            seen.add(result.path)
            passages += result.passages if result.status in ("added", "replaced") else 0
            bar.update(len(seen), note=_count(passages, "new passage"))
            bar.say(_json(result.to_dict(), indent=None) if as_json else _ingested_line(result))
    return counts


def _sum_up(parts: Parts, counts: dict[str, int], *, as_json: bool, before: str = "") -> None:
    stats = parts.library.stats()
    if as_json:
        held = {"documents": stats.documents, "passages": stats.passages}
        click.echo(_json({"summary": counts, "library": held}, indent=None))
        return
    said = ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to do"
    said = f"{before}: {said}" if before else said
    click.echo(f"{said}. The library holds {_count(stats.documents, 'document')}.")


def _ingested_line(result: Ingested) -> str:
    from assistant.terminal import printable

    facts = [result.document_id or "", result.title]
    if result.detail:
        facts.append(f"({result.detail})" if any(facts) else result.detail)
    line = "  ".join((f"{result.status:<12}", str(result.path), *filter(None, facts)))
    return printable(line).replace("\n", "\N{REPLACEMENT CHARACTER}")  # a file's name may hold anything


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _json(data: Any, *, indent: int | None = 2) -> str:
    written = json.dumps(data, ensure_ascii=False, indent=indent)
    try:
        written.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:  # an output that is not Unicode, or the name of a file that is not
        return json.dumps(data, indent=indent)
    return written


def _emit(data: Any) -> None:
    click.echo(_json(data))
