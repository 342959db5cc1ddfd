-- migrate:up

-- For what was released within a window of time: a client of Open311 asks for the last hours alone, and an answer is
-- often released long after the demand was resolved.
CREATE INDEX publication_in_time ON publication (changed_at) WHERE title IS NOT NULL;

-- migrate:down
