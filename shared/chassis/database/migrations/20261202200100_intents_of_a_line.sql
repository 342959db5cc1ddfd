-- migrate:up transaction:false

-- `intent_by_line` took its place.
DROP INDEX CONCURRENTLY IF EXISTS intent_of_a_line;

-- migrate:down
