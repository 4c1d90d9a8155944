"""Owns the migrations: how a database of an earlier version gets the tables of this one.

They run when a database is opened (app/adapters/database/migrate.py), on the connection and in the
transaction that is given to them. A new one is written by `alembic.command.revision` on
`migrate.config_for(connection)` with `autogenerate=True`, and then read and finished by hand; there
are no downgrades: go back with a backup, or rebuild.
"""
