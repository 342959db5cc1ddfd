-- migrate:up transaction:false

-- For those who watch the queue: of each reason to wait the first are counted, however many wait for another one.
CREATE INDEX CONCURRENTLY IF NOT EXISTS intent_by_why ON intent (kind, coalesce(waits, 'turn'), position)
    WHERE state = 'pending';

-- migrate:down
