"""An index that is built beside the one that is searched. Some catalogs of schema 2 have its tables already."""

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    tables = set(sa.inspect(op.get_bind()).get_table_names())
    if "staged_sentences" not in tables:
        op.create_table(
            "staged_sentences",
            sa.Column("document_id", sa.String, sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
            sa.Column("ordinal", sa.Integer, primary_key=True),
            sa.Column("start", sa.Integer, nullable=False),
            sa.Column("end", sa.Integer, nullable=False),
            sa.Column("kind", sa.String, nullable=False),
            sa.Column("event_dates", sa.String, nullable=False),
            sa.Column("vector", sa.LargeBinary, nullable=False),
            sqlite_with_rowid=False,
        )
    if "staged_passages" not in tables:
        op.create_table(
            "staged_passages",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column(
                "document_id", sa.String, sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False, index=True
            ),
            sa.Column("ordinal", sa.Integer, nullable=False),
            sa.Column("start", sa.Integer, nullable=False),
            sa.Column("end", sa.Integer, nullable=False),
            sa.Column("first_sentence", sa.Integer, nullable=False),
            sa.Column("last_sentence", sa.Integer, nullable=False),
            sa.Column("context", sa.String, nullable=False),
            sa.Column("vector", sa.LargeBinary, nullable=False),
            sa.Column("context_terms", sa.String, nullable=False),
            sa.Column("terms", sa.String, nullable=False),
        )
