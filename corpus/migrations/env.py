"""What Alembic runs: its scripts, on the connection and in the transaction that ``corpus.schema`` hands it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
