-- migrate:up transaction:false

-- For those who watch: dead letters that wait are counted from here, however many were handled after all. Built while
-- dead letters are written; a statement that does so stands alone in its file.
CREATE INDEX CONCURRENTLY IF NOT EXISTS dead_letter_waiting ON dead_letter (happened_at) WHERE redriven_at IS NULL;

-- migrate:down
