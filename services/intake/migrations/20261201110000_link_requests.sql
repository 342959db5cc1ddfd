-- migrate:up

-- How often a link was asked for since a moment, by a keyed hash of the demand or of the telephone. Unlogged: a crash of
-- PostgreSQL may forget the counts, and then a few more are sent.
CREATE UNLOGGED TABLE link_request (
    name bytea PRIMARY KEY,
    requests integer NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX link_request_since ON link_request (since);

-- migrate:down
