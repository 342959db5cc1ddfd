-- migrate:up transaction:false

-- For the list of dead letters: a page of those that wait is read from here, however many were handled after all. Built
-- while dead letters are written; a statement that does so stands alone in its file.
CREATE INDEX CONCURRENTLY IF NOT EXISTS dead_letter_listed ON dead_letter (id) WHERE redriven_at IS NULL;

-- migrate:down
