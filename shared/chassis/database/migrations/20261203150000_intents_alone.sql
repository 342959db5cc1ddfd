-- migrate:up transaction:false

-- What is told to one recipient alone goes before what many are told: thousands of the latter may wait, and are not
-- looked at to find the former. Built while intents are written; a statement that does so stands alone in its file.
CREATE INDEX CONCURRENTLY IF NOT EXISTS intent_alone ON intent (kind, position)
    WHERE state = 'pending' AND NOT body ? 'mass';

-- migrate:down
