"""On PostgreSQL, the length of each passage in words and the sum of all, which BM25 needs. SQLite's FTS5 keeps them."""

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("SET LOCAL statement_timeout = 0")  # all rows are written anew
    op.add_column("words", sa.Column("length", sa.Integer))
    op.drop_index("words_by_term", "words")  # made once at the end, not by each row
    op.execute("UPDATE words SET length = (SELECT coalesce(sum(cardinality(positions)), 0) FROM unnest(terms))")
    op.alter_column("words", "length", nullable=False)
    op.execute("CREATE INDEX words_by_term ON words USING gin (terms) WITH (fastupdate = off)")
    op.create_table(
        "word_totals",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("passages", sa.BigInteger, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO word_totals SELECT 1, count(*), coalesce(sum(length), 0) FROM words")
