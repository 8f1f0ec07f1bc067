"""Alembic's entry: migrates the connection that it is handed, inside its transaction."""

from alembic import context

from stella.app.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
