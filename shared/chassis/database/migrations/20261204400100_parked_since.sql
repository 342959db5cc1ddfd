-- migrate:up transaction:false

-- For those who watch: of each stream the facts that have waited the longest are counted, however many wait.
CREATE INDEX CONCURRENTLY IF NOT EXISTS parked_since ON parked (stream, since);

-- migrate:down
