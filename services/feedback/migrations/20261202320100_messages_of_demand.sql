-- migrate:up transaction:false

-- All messages about one demand.
CREATE INDEX CONCURRENTLY IF NOT EXISTS intent_of_number ON intent ((body ->> 'number'));

-- migrate:down
