"""An entailment model by name.

The models here have random weights: they show how one is wired in, not whether it is right.
"""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assistant.doctor import examine
from assistant.entailment import CrossEncoderEntailment, EntailmentError, open_entailment
from assistant.parts import open_parts
from assistant.settings import Settings
from assistant.verification import Source, Verifier
from index.embedding import WordHashEmbedder

NLI = ("contradiction", "Entailment", "neutral")
BOUGHT = Source(1, "Norcast Steel bought its rival Haldane Works for $2.4 billion in cash.")

Maker = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Maker:
    """Makes a tiny BERT with random weights, whose head leans to the label numbered ``says``."""

    def make(labels: tuple[str, ...] = NLI, says: int = 0) -> Path:
        import torch
        from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

        folder = tmp_path / f"nli-{says}"
        folder.mkdir()
        words = "[PAD] [UNK] [CLS] [SEP] [MASK] norcast steel bought haldane works took over its rival . a b c".split()
        (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
        torch.manual_seed(7)
        model = BertForSequenceClassification(
            BertConfig(
                vocab_size=len(words),
                hidden_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=16,
                max_position_embeddings=64,
                id2label=dict(enumerate(labels)),
                label2id={label: number for number, label in enumerate(labels)},
            )
        )
        with torch.no_grad():
            model.classifier.bias[says] += 5
        model.save_pretrained(folder)
        BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
        return folder

    return make


def test_the_probability_is_that_of_the_label_that_the_model_names(made: Maker) -> None:
    """Whatever place entailment has among the labels, and however it is written."""
    yes, no = open_entailment(str(made(says=1))), open_entailment(str(made(says=2)))
    assert yes is not None
    assert no is not None
    assert yes.name == "nli-1"
    assert 0.9 < yes.probability("Norcast Steel bought Haldane Works.", "A rival took over.") < 1
    assert 0 < no.probability("Norcast Steel bought Haldane Works.", "A rival took over.") < 0.1
    assert open_entailment("none") is None


@pytest.mark.parametrize(
    ("sentence", "says", "outcome", "reason"),
    [
        ("Norcast Steel swallowed Haldane Works.", 1, "supported", ""),
        ("Norcast Steel bought Haldane Works.", 0, "unsupported", "it does not follow from the quote (entailment 0.0"),
        (
            "Norcast Steel bought Haldane Works for $4.2 billion.",
            1,
            "unsupported",
            "the number '$4.2 billion' is not in",
        ),
        ("Norcast Steel did not buy Haldane Works.", 1, "unsupported", "nothing in the quote is denied"),
    ],
)
def test_it_decides_on_the_meaning_and_the_rules_on_values(
    sentence: str, says: int, outcome: str, reason: str, made: Maker
) -> None:
    """Other words are let pass by the model; a wrong number or a denial passes by no model."""
    verifier = Verifier([BOUGHT], WordHashEmbedder(), entailment=CrossEncoderEntailment(str(made(says=says))))
    verdict = verifier.verify(sentence, [1])
    assert verdict.outcome == outcome
    assert verdict.reason.startswith(reason)


def test_without_it_other_words_are_not_let_pass() -> None:
    """What the first case above shows is the model's doing."""
    assert Verifier([BOUGHT], WordHashEmbedder()).verify("Norcast Steel swallowed Haldane Works.", [1]).source_ids == ()


@pytest.mark.parametrize("labels", [("LABEL_0", "LABEL_1"), ("not_entailment", "other"), ("entailment",)])
def test_a_model_without_the_label_is_refused(labels: tuple[str, ...], made: Maker) -> None:
    """The message names its labels and what is expected."""
    folder = made(labels=labels)
    with pytest.raises(
        EntailmentError, match=r"has no label 'entailment' \(its labels are '.*natural language inference"
    ):
        open_entailment(str(folder))


def test_a_model_that_is_not_here_is_not_fetched(tmp_path: Path) -> None:
    """No network: a hub name whose files are not on the machine, an empty folder, a folder without weights."""
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("cross-encoder/of-nobody", str(tmp_path / "nowhere"), str(bare)):
        with pytest.raises(EntailmentError, match="no entailment model at"):
            open_entailment(name)
    (bare / "config.json").write_text(json.dumps({"model_type": "bert", "id2label": dict(enumerate(NLI))}), "utf-8")
    model = open_entailment(str(bare))
    assert model is not None
    with pytest.raises(EntailmentError, match="no entailment model at"):
        model.probability("a", "b")


def test_dateline_goes_on_without_it_and_the_doctor_says_why(made: Maker, tmp_path: Path) -> None:
    """A model that can't be had is told in the trace, and is no reason not to start."""
    good, bad = str(made(says=1)), str(tmp_path / "nowhere")
    for name, ok in ((good, True), (bad, False)):
        settings = Settings(data_dir=tmp_path / "data", port=0, reader="none", entailment=name)
        with closing(open_parts(settings)) as parts:
            notes = [step.detail for step in parts.assistant.draft("Who bought it?").answer.trace.steps]
            assert ("sentences are verified by their words alone" in str(notes)) == (not ok)
        (check,) = [item for item in examine(settings) if item.name == "entailment"]
        assert check.ok == ok
