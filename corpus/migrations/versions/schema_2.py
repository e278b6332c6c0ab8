"""The files that documents come from, and the copies that are kept of them."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    op.add_column("origins", sa.Column("file", sa.String))
    op.create_index("origins_by_file", "origins", ["file"])
    op.create_table(
        "files",
        sa.Column("origin", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("media_type", sa.String, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("content_hash", sa.String, nullable=False, index=True),
        sa.Column("digest", sa.String, nullable=False),
    )
    op.create_table("loose_copies", sa.Column("content_hash", sa.String, primary_key=True))
