-- migrate:up transaction:false

CREATE INDEX CONCURRENTLY IF NOT EXISTS intent_gathered ON intent (gathers, position)
    WHERE gathers IS NOT NULL AND state = 'pending';

-- migrate:down
