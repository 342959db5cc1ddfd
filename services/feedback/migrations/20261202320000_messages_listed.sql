-- migrate:up transaction:false

-- The list of the page of messages: those that are over, the newest first. What waits, failed or is of unknown outcome
-- has its indexes. Built while messages are written; a statement that does so stands alone in its file.
CREATE INDEX CONCURRENTLY IF NOT EXISTS intent_over ON intent (kind, position)
    WHERE state IN ('sent', 'delivered', 'skipped', 'merged', 'cancelled');

-- migrate:down
