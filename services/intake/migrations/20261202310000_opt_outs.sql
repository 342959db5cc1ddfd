-- migrate:up

-- Who wants no messages any more: a keyed hash of each way to reach them, which nobody can read an address from, or of
-- a demand where its page said so. `ways` has the hashes of the ways that are stopped by it: a message from one of them
-- that asks for news again ends it. What came from an address is of the person, not of a demand: an erasure leaves it.
CREATE TABLE opt_out (
    person bytea PRIMARY KEY,
    ways bytea[] NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX opt_out_ways ON opt_out USING gin (ways);

-- migrate:down
DROP TABLE opt_out;
