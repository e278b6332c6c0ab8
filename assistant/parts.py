"""All parts of a running Dateline, built once from its settings and handed on."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.assistant import Assistant
from assistant.calibration import Calibration, CalibrationError, load_calibrations
from assistant.conversations import Conversations
from assistant.entailment import EntailmentError, open_entailment
from assistant.llm import LanguageModel, LlmError, open_llm
from assistant.reader import Reader, ReaderError, open_reader
from assistant.settings import Settings, SettingsError, environment_name
from corpus.catalog import Catalog
from index.embedding import open_embedder
from index.library import Library


@dataclass(frozen=True, slots=True)
class Parts:
    """What the faces (page, API, command line) are given."""

    library: Library
    assistant: Assistant
    reader: Reader | None
    llm: LanguageModel | None = None
    """Phrases answers; None where none is set or can be had."""
    conversations: Conversations = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "conversations", Conversations(self.library.catalog))

    @property
    def catalog(self) -> Catalog:
        return self.library.catalog

    def close(self) -> None:
        self.library.close()


def open_parts(settings: Settings, *, any_model: bool = False) -> Parts:
    """Open the library that the settings name, and an assistant on it. Models are loaded when first needed.

    A reader or an LLM that cannot be had is done without; every trace says so.

    Args:
        any_model: open a library that another embedding model built, to reindex it.

    Raises:
        LibraryError: the data directory cannot be used, or another model built the library.
        CalibrationError: the fitted numbers are missing.
        SettingsError: the accuracy that the settings ask for was never reached, or never measured.
    """
    notes: list[str] = []
    try:
        reader = open_reader(settings.reader, precision=settings.precision)
    except ReaderError as error:
        reader = None
        notes.append(f"answers are given without the reader: {error}")
    try:
        llm = open_llm(settings)
    except LlmError as error:
        llm = None
        notes.append(f"answers are in the documents' own words: {error}")
    try:
        entailment = open_entailment(settings.entailment)
    except EntailmentError as error:
        entailment = None
        notes.append(f"sentences are verified by their words alone: {error}")
    embedder = open_embedder(settings.embedding_model, precision=settings.precision)
    calibrations = load_calibrations()
    if settings.answer_accuracy:
        way = "reader" if reader is not None else "plain"
        calibrations[way] = _answering(calibrations[way], settings.answer_accuracy)
    library = Library.open(
        settings.data_dir,
        embedder,
        any_model=any_model,
        chroma_server=settings.chroma_server,
        database_url=settings.catalog_url,
        originals_url=settings.copies_url,
    )
    assistant = Assistant(
        library,
        reader,
        calibrations,
        llm=llm,
        entailment=entailment,
        most_characters=settings.max_question_characters,
        notes=notes,
    )
    return Parts(library, assistant, reader, llm)


def _answering(calibration: Calibration, accuracy: float) -> Calibration:
    try:
        return calibration.answering(accuracy)
    except CalibrationError as error:
        raise SettingsError(
            f"The setting 'answer_accuracy' ({environment_name('answer_accuracy')}) is {accuracy:g}, which can't be "
            f"had: {error}; set that or less, or leave it out"
        ) from error
