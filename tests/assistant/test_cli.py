"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import json
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import httpx
import psycopg
import pytest

from assistant import export
from assistant.cli import BAD_INPUT, CANNOT_START, DONE, FAILED, Session, cli, run
from assistant.conversations import LOCAL
from assistant.keys import Keys
from assistant.settings import SettingsError
from corpus.originals import content_hash, open_originals
from index.embedding import WordHashEmbedder
from index.library import Library

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

Run = Callable[..., "Printed"]


@dataclass(frozen=True)
class Printed:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shared:
    """Parts that stay open when a command is done with them."""

    parts: Parts

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parts, name)

    def close(self) -> None:
        """The session's fixture closes them."""


@dataclass
class WithoutModel:
    """A library that finds by shared words, for commands that ask nothing."""

    library: Library

    @property
    def catalog(self) -> Any:
        return self.library.catalog

    def close(self) -> None:
        self.library.close()


def open_without_model(settings: Settings, **options: Any) -> Any:
    return WithoutModel(Library.open(settings.data_dir, WordHashEmbedder(), **options))


@pytest.fixture
def dateline(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on the test's own library, without a model."""

    def call(*arguments: str | Path, opener: Any = open_without_model) -> Printed:
        code = run([str(argument) for argument in arguments], session=Session(opener))
        return Printed(code, *capsys.readouterr())

    return call


@pytest.fixture
def sampled(dateline: Run, sample_parts: Parts) -> Run:
    """Run a command on the sample, with the real model."""

    def call(*arguments: str | Path) -> Printed:
        return dateline(*arguments, opener=lambda _settings: Shared(sample_parts))

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two documents, one that is not text, one that is empty, and one with the content of another."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "dam.md").write_text("---\ntitle: The dam\ndate: 1936-03-01\n---\nThe dam is finished.\n", "utf-8")
    (folder / "mill.txt").write_text("The mill burned down in 1936.\n", "utf-8")
    (folder / "mill-again.txt").write_text("The mill burned down in 1936.\n", "utf-8")
    (folder / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x00")
    (folder / "void.txt").write_text("", "utf-8")
    return folder


def test_ingest_tells_each_file_and_goes_on(dateline: Run, folder: Path, tmp_path: Path) -> None:
    """Every file has a status and a failure a sentence; what can be read is read, and the exit code is 1."""
    printed = dateline("ingest", folder, tmp_path / "gone", "--json")

    *rows, total = [json.loads(line) for line in printed.out.splitlines()]
    files = {Path(row["path"]).name: row for row in rows}
    assert {name: row["status"] for name, row in files.items()} == {
        "dam.md": "added",
        "mill.txt": "same content",
        "mill-again.txt": "added",
        "picture.txt": "failed",
        "void.txt": "failed",
        "gone": "failed",
    }
    assert files["gone"]["detail"] == "There is no such file or folder."
    assert files["mill.txt"]["document_id"] == files["mill-again.txt"]["document_id"]
    assert [name for name, row in files.items() if row["status"] == "failed" and not row["detail"]] == []
    assert total["summary"] == {
        "added": 2,
        "replaced": 0,
        "unchanged": 0,
        "same content": 1,
        "failed": 3,
    }
    assert total["library"] == {"documents": 2, "passages": 2}
    assert (printed.code, printed.err) == (FAILED, "")


def test_ingest_prints_a_line_a_file_and_a_summary(dateline: Run, folder: Path) -> None:
    """Without --json each file is a line, and the last line sums up."""
    dam = folder / "dam.md"

    first = dateline("ingest", dam)
    again = dateline("ingest", dam)
    dam.write_text("The dam is higher now.\n", "utf-8")
    changed = dateline("ingest", dam)

    document_id = first.out.split()[2]
    assert first == Printed(
        DONE,
        f"added         {dam}  {document_id}  The dam\n1 added. The library holds 1 document.\n",
        "",
    )
    assert again.out.splitlines()[-1] == "1 unchanged. The library holds 1 document."
    assert changed.out.splitlines()[-1] == "1 replaced. The library holds 1 document."


def test_sync_makes_the_library_equal_to_a_folder(dateline: Run, folder: Path) -> None:
    """A dry run tells what a sync would do and changes nothing; a sync does it, with a line a file and a sum."""
    for name in ("mill-again.txt", "picture.txt", "void.txt"):
        (folder / name).unlink()

    planned = dateline("sync", folder, "--dry-run")
    assert (
        planned.out.splitlines()[-1]
        == "Nothing was changed; a sync would give: 2 added. The library holds 0 documents."
    )
    assert dateline("sync", folder).out.splitlines()[-1] == "2 added. The library holds 2 documents."

    (folder / "mill.txt").unlink()
    removed, total = [json.loads(line) for line in dateline("sync", folder, "--json").out.splitlines()[1:]]
    assert (Path(removed["path"]), removed["status"]) == (folder / "mill.txt", "removed")
    assert total["summary"] == {
        "added": 0,
        "replaced": 0,
        "removed": 1,
        "unchanged": 1,
        "same content": 0,
        "failed": 0,
    }
    assert total["library"] == {"documents": 1, "passages": 1}


def test_sync_of_what_is_no_folder_is_bad_input(dateline: Run, folder: Path) -> None:
    """A folder that is not there is told; nothing is removed."""
    dateline("ingest", folder / "dam.md")

    gone = dateline("sync", folder / "gone")

    assert gone == Printed(BAD_INPUT, "", f"Error: {folder / 'gone'} is not a folder: nothing was changed.\n")
    assert dateline("list", "--json").json["total"] == 1


def test_a_published_date_can_be_given(dateline: Run, folder: Path) -> None:
    """`ingest --published` dates what it reads."""
    dateline("ingest", folder / "mill.txt", "--published", "1936-05")

    (info,) = dateline("list", "--json").json["documents"]
    assert (info["published"], info["published_from"]) == ("1936-05-01", "user")


def test_ingest_tells_what_it_passes_over_inside_of_a_file(dateline: Run, tmp_path: Path) -> None:
    """A file in an archive that can't be read is told as if in a folder; the others go in, and the exit code is 1."""
    import zipfile

    with zipfile.ZipFile(tmp_path / "notes.zip", "w") as archive:
        archive.writestr("dam.md", "The dam is finished.")
        archive.writestr("picture.png", b"\x89PNG\r\n\x1a\n")

    printed = dateline("ingest", tmp_path / "notes.zip")

    assert printed.out.splitlines()[0].startswith(
        f"failed        {tmp_path / 'notes.zip' / 'picture.png'}  Files of the kind '.png' are not read"
    )
    assert printed.out.splitlines()[-1] == "1 added, 1 failed. The library holds 1 document."
    assert (printed.code, printed.err) == (FAILED, "")
    again = dateline("ingest", tmp_path / "notes.zip")
    assert again.out.splitlines()[-1] == "1 unchanged, 1 failed. The library holds 1 document."


def test_ingest_keeps_to_the_limits_that_are_set(dateline: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of a file is one of them."""
    monkeypatch.setenv("DATELINE_MAX_FILE_BYTES", "10")

    line, _ = dateline("ingest", folder / "dam.md", "--json").out.splitlines()

    size = (folder / "dam.md").stat().st_size
    assert json.loads(line)["detail"] == f"The file has {size} bytes, at most 10 are read."


def test_ingest_of_nothing_is_bad_input(dateline: Run, tmp_path: Path) -> None:
    """Where none of the paths gives a file, nothing is done."""
    printed = dateline("ingest", tmp_path / "gone")

    assert printed == Printed(BAD_INPUT, "", f"Error: {tmp_path / 'gone'}: There is no such file or folder.\n")


def test_documents_are_listed_shown_and_deleted(dateline: Run, folder: Path) -> None:
    """A document can be listed, shown with its text, and deleted; then it is gone."""
    dateline("ingest", folder / "dam.md", folder / "mill.txt")

    listed = dateline("list", "--query", "dam", "--json").json
    (info,) = listed["documents"]
    assert (info["title"], info["published"], listed["total"]) == ("The dam", "1936-03-01", 1)
    assert dateline("list").out.count("\n") == 2

    shown = dateline("show", info["id"], "--json").json
    assert shown == {**info, "text": shown["text"]}
    assert "The dam is finished." in shown["text"]
    assert "published: 1936-03-01 (from front matter)\n" in dateline("show", info["id"]).out

    assert dateline("delete", info["id"], "nothing", "--json") == Printed(
        FAILED, json.dumps({"deleted": [info["id"]], "unknown": ["nothing"]}, indent=2) + "\n", ""
    )
    assert dateline("show", info["id"]) == Printed(
        BAD_INPUT, "", f"Error: No document has the id {info['id']}; `dateline list` shows the ids.\n"
    )
    assert dateline("delete", info["id"]).code == BAD_INPUT
    assert dateline("list", "--json").json["total"] == 1


def test_reindex_keeps_every_document(dateline: Run, folder: Path) -> None:
    """After `reindex` the same documents are found."""
    dateline("ingest", folder / "dam.md", folder / "mill.txt")
    before = dateline("search", "mill", "--json").json

    printed = dateline("reindex", "--json")

    assert (printed.code, printed.json["documents"], printed.json["passages"]) == (DONE, 2, 2)
    assert dateline("search", "mill", "--json").json == before


def test_search_shows_passages(dateline: Run, folder: Path) -> None:
    """A passage is shown with its title, date and text, and a filter is obeyed."""
    dateline("ingest", folder / "dam.md", folder / "mill.txt")

    (passage,) = dateline("search", "the dam", "--after", "1936", "--json").json["passages"]
    assert (passage["title"], passage["published"]) == ("The dam", "1936-03-01")
    assert "The dam is finished." in dateline("search", "the dam").out
    assert dateline("search", "the dam", "--before", "1930").out == "Nothing was found.\n"
    assert dateline("search", " ").code == BAD_INPUT


def test_ask_is_the_answer_of_the_assistant(sampled: Run, sample_parts: Parts) -> None:
    """`ask --json` prints what the assistant answers: the same text and the same citations."""
    question = sample_question(sample_parts)

    printed = sampled("ask", question, "--json").json
    answer = sample_parts.assistant.ask(question).to_dict()

    volatile = {"id", "timings_ms"}
    assert {key: value for key, value in printed.items() if key not in volatile} == {
        key: value for key, value in answer.items() if key not in volatile
    }


def test_a_question_without_an_answer_is_no_failure(sampled: Run) -> None:
    """A refusal tells what was searched, and exits with 0."""
    printed = sampled("ask", "Which colour has the submarine cable of Atlantis?")

    assert printed.code == DONE
    assert "documents searched" in printed.out
    assert "Nearest passages" in printed.out


def test_chat_remembers(sampled: Run, sample_parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line is a question, an empty one is passed over, and every answer is a line of JSON."""
    question = sample_question(sample_parts)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{question}\n\nWhy?\n"))

    lines = sampled("chat", "--json").out.splitlines()

    assert [json.loads(line)["question"] for line in lines] == [question, "Why?"]


@pytest.mark.parametrize("question", ["", "  \n", "x" * 100_000])
def test_bad_questions_are_one_sentence(sampled: Run, question: str) -> None:
    """An empty and an endless question are bad input."""
    printed = sampled("ask", question)

    assert (printed.code, printed.out) == (BAD_INPUT, "")
    assert printed.err.startswith("Error: ")
    assert printed.err.count("\n") == 1


def test_a_question_in_another_script_is_answered_or_refused(sampled: Run) -> None:
    """Any script is a question."""
    assert sampled("ask", "조약은 언제 체결되었습니까?").code == DONE


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", "a?", "--as-of", "soon"], "'soon' is not a date; write it like 2024-11-12, 2024-11 or 2024."),
        (["ask", "a?", "--as-of", "2024-02-30"], "'2024-02-30' is not in the calendar."),
        (["ask", "a?", "--after", "2025", "--before", "2024"], "--after 2025-01-01 is later than --before 2024-12-31"),
        (["ask", "a?", "--document", "nothing"], "No document has the id nothing"),
        (["eval", "--documents", "gone", "--questions", "gone"], "gone is not a folder."),
        (["eval", "--documents", "gone"], "Give --documents DIR and --questions FILE, or --sets DIR."),
        (["eval", "--sets", "gone"], "gone holds no folder with documents/ and questions.jsonl."),
        (["fly"], "No such command 'fly'."),
        (["ask"], "Missing argument"),
    ],
)
def test_wrong_usage_is_told(dateline: Run, arguments: list[str], message: str) -> None:
    """Wrong usage is told on standard error, with --json also as an object, and exits with 2."""
    plain = dateline(*arguments)
    machine = dateline(*arguments, "--json")

    assert (plain.code, plain.out) == (BAD_INPUT, "")
    assert message in plain.err
    assert (machine.code, machine.err) == (BAD_INPUT, "")
    assert message in machine.json["error"]["message"]
    assert machine.json["error"]["type"] == "invalid_request_error"


def test_months_and_years_are_dates(sampled: Run) -> None:
    """A month or a year stands for its last day as a clock or an upper limit, for its first as a lower one."""
    trace = sampled("ask", "What?", "--as-of", "2024-02", "--after", "2023", "--before", "2024-1", "--json").json[
        "trace"
    ]

    assert trace["filters"] == {"as_of": "2024-02-29", "after": "2023-01-01", "before": "2024-01-31"}


def test_a_library_of_another_model_is_refused(dateline: Run, folder: Path) -> None:
    """Another embedding model is refused by name, with the command that mends it, which does."""

    class Other(WordHashEmbedder):
        name = "other"
        fingerprint = "other-1"

    def other(settings: Settings, **options: Any) -> Any:
        return WithoutModel(Library.open(settings.data_dir, Other(), **options))

    dateline("ingest", folder / "dam.md")

    refused = dateline("list", opener=other)
    assert (refused.code, refused.out) == (CANNOT_START, "")
    assert "word-hash" in refused.err
    assert "dateline reindex" in refused.err

    assert dateline("reindex", opener=other).code == DONE
    assert dateline("list", opener=other).code == DONE


def test_a_data_folder_that_is_a_file_is_one_sentence(dateline: Run, tmp_path: Path) -> None:
    """A data folder that can't be written is told with the setting that names another."""
    (tmp_path / "file").write_text("", "utf-8")

    printed = dateline("--data-dir", tmp_path / "file", "list")

    assert (printed.code, printed.out, printed.err.count("\n")) == (CANNOT_START, "", 1)
    assert "DATELINE_DATA_DIR" in printed.err


def test_a_port_in_use_is_one_sentence(dateline: Run) -> None:
    """`serve` on a taken port ends at once, before anything is loaded."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        printed = dateline("serve", "--port", str(port))

    assert printed == Printed(
        CANNOT_START,
        "",
        f"Error: Port {port} on 127.0.0.1 is used by another program; choose another with --port or DATELINE_PORT.\n",
    )


def test_eval_prints_the_figures(sampled: Run, tmp_path: Path) -> None:
    """`eval` indexes the documents apart from the library, and prints one object."""
    documents, questions = tmp_path / "documents", tmp_path / "questions.jsonl"
    documents.mkdir()
    (documents / "mill.txt").write_text("The old mill burned down in 1936. Nobody was hurt.\n", "utf-8")
    rows = [
        {
            "id": "1",
            "question": "When did the old mill burn down?",
            "answerable": True,
            "answers": ["1936"],
            "document": "mill.txt",
            "evidence": "burned down in 1936",
        },
        {"id": "2", "question": "Who invented the telescope?", "answerable": False},
    ]
    questions.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    details = tmp_path / "details.jsonl"

    code = run(["eval", "--documents", str(documents), "--questions", str(questions), "--details", str(details)])
    assert code == DONE
    (first, second) = (json.loads(line) for line in details.read_text("utf-8").splitlines())
    assert (first["rank"], first["answer@1"], second["answer@1"]) == (1, True, None)


def test_eval_on_servers_leaves_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_process: Any, chroma_process: Any
) -> None:
    """With --servers the engines of the settings are measured, beside the library that stands there: afterwards the
    servers hold what they held before. Without both servers it is refused."""
    documents, questions = tmp_path / "documents", tmp_path / "questions.jsonl"
    documents.mkdir()
    (documents / "mill.txt").write_text("The old mill burned down in 1936. Nobody was hurt.\n", "utf-8")
    row = {"id": "1", "question": "When did the old mill burn down?", "answerable": True, "answers": ["1936"]}
    questions.write_text(json.dumps(row), "utf-8")
    details = tmp_path / "details.jsonl"
    database = postgres_process.create(f"dateline_{uuid.uuid4().hex}")
    monkeypatch.setenv("DATELINE_DATABASE_URL", database)
    monkeypatch.setenv("DATELINE_READER", "none")
    command = ["eval", "--servers", "--documents", str(documents), "--questions", str(questions)]
    assert run(command) == BAD_INPUT
    monkeypatch.setenv("DATELINE_CHROMA_URL", chroma_process.url)
    # The same file as the library has it: its copy is not to go with the one of the evaluation.
    (tmp_path / "copies").mkdir()
    monkeypatch.setenv("DATELINE_ORIGINALS_URL", (tmp_path / "copies").as_uri())
    data = (documents / "mill.txt").read_bytes()
    originals = open_originals(tmp_path, (tmp_path / "copies").as_uri())
    originals.keep(data, content_hash(data))

    def held() -> tuple[list[str], list[Any]]:
        with psycopg.connect(database) as connection:
            names = [name for (name,) in connection.execute("SELECT datname FROM pg_database")]
            tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchall()
        collections = f"{chroma_process.url}/api/v2/tenants/default_tenant/databases/default_database/collections"
        return names, [tables, httpx.get(collections).json()]

    before = held()
    assert run([*command, "--details", str(details)]) == DONE
    assert [json.loads(line)["rank"] for line in details.read_text("utf-8").splitlines()] == [1]
    assert held() == before
    assert list(originals.hashes()) == [content_hash(data)]


@pytest.fixture
def kept(
    dateline: Run, folder: Path, settings: Settings, stand_in_parts: Callable[[Settings], AbstractContextManager[Parts]]
) -> Iterator[Parts]:
    """A library that another process has open, with a conversation on the burnt mill."""
    dateline("ingest", folder)
    with stand_in_parts(settings) as parts:
        conversation = parts.conversations.create(LOCAL)
        parts.conversations.append(LOCAL, conversation.id, parts.assistant.ask("When did the mill burn down?"))
        yield parts


def test_a_kept_conversation_is_listed_and_exported(dateline: Run, kept: Parts) -> None:
    """A line with id, day and title; as Markdown and as JSON what the API gives, with links to where the server is."""
    (info,) = kept.conversations.infos(LOCAL)
    conversation = kept.conversations.get(LOCAL, info.id)
    base = "http://127.0.0.1:7860"

    listed = dateline("export")
    assert (listed.code, listed.err) == (DONE, "")
    assert listed.out == f"{info.id}  {info.updated.date()}     1 questions  When did the mill burn down?\n"
    assert dateline("export", "--json").json == {"conversations": [info.to_dict()], "total": 1}
    printed = dateline("export", info.id)
    assert (printed.code, printed.out) == (DONE, export.to_markdown(conversation, base=base))
    assert f"[“The mill burned down in 1936.”]({base}/documents/" in printed.out
    assert dateline("export", info.id, "--json").json == export.to_json(conversation, base=base)


def test_an_export_withholds_what_was_deleted(dateline: Run, kept: Parts) -> None:
    """The quote of a deleted document is not in it."""
    (info,) = kept.conversations.infos(LOCAL)
    (mill,) = kept.library.documents(query="mill")
    kept.library.remove([mill.id])

    printed = dateline("export", info.id)

    assert printed.code == DONE
    assert "document deleted, quote withheld" in printed.out
    assert "burned down in 1936" not in printed.out


def test_conversations_that_are_not_there_are_told(dateline: Run, kept: Parts) -> None:
    """An unknown id, that of a key's conversation without the key, an unknown key: a sentence each."""
    key = Keys(kept.catalog.database).create("newsroom", "reader").key
    of_key = kept.conversations.create(key.id, "The dam")

    for arguments in ((of_key.id,), ("nowhere",)):
        refused = dateline("export", *arguments)
        assert (refused.code, refused.out) == (BAD_INPUT, "")
        assert refused.err == (
            f"Error: There is no conversation {arguments[0]!r}. `dateline export` lists those that are kept.\n"
        )
    assert dateline("export", "--key", "newsroom", of_key.id).out.startswith("# The dam\n")
    assert dateline("export", "--key", key.id).out.startswith(of_key.id)
    assert dateline("export", "--key", "kitchen").err == (
        "Error: No key goes by 'kitchen'; `dateline keys list` shows them.\n"
    )


def test_where_no_conversation_is_kept_none_is_listed(dateline: Run) -> None:
    """That is no failure."""
    listed = dateline("export")

    assert (listed.code, listed.out) == (DONE, "")
    assert listed.err == "No conversation is kept. Those that were held with a key are listed by --key NAME.\n"


def test_every_command_takes_json() -> None:
    """Each command has --json and a help of its own."""
    groups = {name: command for name, command in cli.commands.items() if isinstance(command, click.Group)}
    commands = {name: command for name, command in cli.commands.items() if name not in groups}
    for group in groups.values():
        assert group.help
        commands |= group.commands
    for name, command in commands.items():
        assert "--json" in {flag for param in command.params for flag in param.opts}, name
        assert command.help, name


def sample_question(parts: Parts) -> str:
    """A question on the sample: what a document's title tells."""
    return f"What happened: {parts.library.documents(limit=1)[0].title}?"


def test_the_timeline_shows_dates_beside_quotes(sampled: Run) -> None:
    """Each event with its date, its quote and its sources; with --json what the API gives."""
    printed = sampled("timeline", "floods in North Korea in July 2024")

    assert printed.code == DONE
    assert printed.out == (
        "27 July 2024  “Record rain on 27 July made the Amnok, the river on the Chinese border that is also\n"
        "              called the Yalu, burst its banks.” [1]\n"
        "              [1] Putin offers help after floods on the Amnok river, Dateline sample, published\n"
        "              2024-08-05\n"
    )
    as_json = sampled("timeline", "floods in North Korea in July 2024", "--json").json
    assert [event["date"] for event in as_json["events"]] == ["2024-07-27"]


def test_a_timeline_without_events_says_why(sampled: Run) -> None:
    """Nothing found is no failure."""
    printed = sampled("timeline", "floods on the Amnok river", "--before", "2023")

    assert printed.code == DONE
    assert printed.out == (
        "The documents tell of no dated event on this. Word the topic as they would, or widen the filters.\n"
        "Only looked at: before 2023-12-31.\n"
    )


def test_a_setting_that_cannot_be_had_is_bad_input(dateline: Run) -> None:
    """The parts that it is for say so before anything is done."""

    def refuse(settings: Settings) -> Any:
        raise SettingsError(f"The accuracy {settings.answer_accuracy:g} can't be had.")

    printed = dateline("--answer-accuracy", "0.99", "list", opener=refuse)

    assert (printed.code, printed.out, printed.err) == (BAD_INPUT, "", "Error: The accuracy 0.99 can't be had.\n")


def test_keys_are_made_listed_and_revoked(dateline: Run) -> None:
    """A key is shown once, on standard output alone; the list tells its role, state and end, also of a revoked one."""
    made = dateline("keys", "create", "newsroom", "--role", "writer", "--expires", "2999")
    assert (made.code, made.out[:3], made.out.count("\n")) == (DONE, "dl_", 1)
    assert made.err == "Keep it: it is not shown again. Programs send it as `Authorization: Bearer KEY`.\n"

    (key,) = dateline("keys", "list", "--json").json["keys"]
    assert (key["name"], key["role"], key["state"], key["expires"]) == (
        "newsroom",
        "writer",
        "in force",
        "2999-12-31T23:59:59+00:00",
    )
    assert "key" not in key
    assert made.out.split("_")[1] == key["id"]

    assert dateline("keys", "revoke", "newsroom").out == f"Revoked 'newsroom' ({key['id']}).\n"
    assert [key["state"] for key in dateline("keys", "list", "--json").json["keys"]] == ["revoked"]
    again = dateline("keys", "revoke", "newsroom")
    assert (again.code, again.err) == (
        BAD_INPUT,
        "Error: No key in force goes by 'newsroom'; `dateline keys list` shows them.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("",), "'' is no name for a key"),
        (("a", "--expires", "2020"), "'2020' has passed."),
        (("a", "--expires", "0d"), "'0d' has passed."),
        (("a", "--expires", "soon"), "'soon' is not a date"),
    ],
)
def test_a_key_that_makes_no_sense(dateline: Run, arguments: tuple[str, ...], message: str) -> None:
    """A key without a name, or one that is past before it is made, is refused."""
    done = dateline("keys", "create", *arguments)

    assert (done.code, done.out) == (BAD_INPUT, "")
    assert message in done.err
    assert dateline("keys", "list").err == "No key was made: the server is open to this computer alone.\n"
