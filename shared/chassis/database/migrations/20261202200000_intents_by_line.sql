-- migrate:up transaction:false

-- Whether an intent is the first of its line is asked of each one that waits. An index that begins with the kind was
-- chosen for it by its first column alone while the table had no statistics: every question read the whole queue.
-- Built while intents are written; a statement that does so stands alone in its file.
CREATE INDEX CONCURRENTLY IF NOT EXISTS intent_by_line ON intent (line, position) WHERE state IN ('pending', 'sending');

-- migrate:down
