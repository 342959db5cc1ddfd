-- migrate:up

-- A channel lists what it saw again together with what it handed in, and follows it.
CREATE INDEX sighting_of_channel ON sighting (channel, demand_id);

-- migrate:down
