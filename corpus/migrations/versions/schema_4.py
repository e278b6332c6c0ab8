"""Files that wait to be added, for the processes that share a catalog."""

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False, index=True),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True)),
        sa.Column("taker", sa.String),
        sa.Column("alive", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "job_files",
        sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("data", sa.LargeBinary),
        sa.Column("begun", sa.Integer, nullable=False),
        sa.Column("results", sa.JSON),
    )
