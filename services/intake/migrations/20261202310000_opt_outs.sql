-- migrate:up

-- Who wants no messages any more: a keyed hash of each way to reach them, which nobody can read an address from, or of
-- a demand where its page said so. Those that were said at once, as with a contact that has a telephone and a mailbox,
-- end together. What came from an address is of the person, not of a demand: an erasure leaves it.
CREATE TABLE opt_out (
    person bytea PRIMARY KEY,
    together uuid NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX opt_out_together ON opt_out (together);

-- migrate:down
DROP TABLE opt_out;
