-- migrate:up

-- What waits to become one with others to the same recipient: the mark of that one. Unlike `recipient` it holds up
-- nothing else that is for them.
ALTER TABLE intent ADD COLUMN gathers bytea;

-- migrate:down
