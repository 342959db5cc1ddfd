"""PostgreSQL: the pool, migrations, and writes in one statement."""
