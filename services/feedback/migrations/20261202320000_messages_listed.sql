-- migrate:up

-- The lists of the page of messages: those that are over, the newest first, and all about one demand. What waits, failed
-- or is of unknown outcome has its indexes.
CREATE INDEX intent_over ON intent (kind, position)
    WHERE state IN ('sent', 'delivered', 'skipped', 'merged', 'cancelled');
CREATE INDEX intent_of_number ON intent ((body ->> 'number'));

-- migrate:down
