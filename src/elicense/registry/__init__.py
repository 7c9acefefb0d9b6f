"""The registry 登记簿 of an issuing region: licences, versions, states, files, audit.

Plain functions over a SQLAlchemy connection; :mod:`elicense.registry.database` opens one
(SQLite, or PostgreSQL for a province). Every change is one transaction with an actor and a
reason, and stands in a hash-chained audit log that nothing here can rewrite.
"""
