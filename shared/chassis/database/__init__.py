"""PostgreSQL: connection pools, migrations, leases, and batched writes."""
