-- migrate:up

-- Whether an intent is the first of its line is asked of each one that waits. An index that begins with the kind was
-- chosen for it by its first column alone while the table had no statistics: every question read the whole queue.
CREATE INDEX intent_by_line ON intent (line, position) WHERE state IN ('pending', 'sending');
DROP INDEX intent_of_a_line;

-- migrate:down
