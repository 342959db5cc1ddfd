-- migrate:up

-- Every demand that a sender spoke of, not the last one alone: a number that somebody names is public, so that only those
-- who spoke of a demand before may add to it without its code.
ALTER TABLE conversation DROP CONSTRAINT conversation_pkey, ADD PRIMARY KEY (channel, sender, demand_id);

-- migrate:down
