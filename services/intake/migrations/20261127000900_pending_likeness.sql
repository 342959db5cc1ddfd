-- migrate:up

-- The worker empties the pending list each second: at the old limit a submission in a hundred did it, and waited.
ALTER INDEX likeness_bigrams SET (fastupdate = on, gin_pending_list_limit = 4096);

-- migrate:down
