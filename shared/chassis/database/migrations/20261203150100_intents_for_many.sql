-- migrate:up transaction:false

CREATE INDEX CONCURRENTLY IF NOT EXISTS intent_mass ON intent (kind, position)
    WHERE state = 'pending' AND body ? 'mass';

-- migrate:down
