"""The first schema: documents with their texts, sentences and passages."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """Nothing: a new catalog is made whole, by its newest schema."""
