-- migrate:up

-- What somebody is about to raise at the portal, for a day. It is sealed with a key that is made of the visitor's cookie:
-- whoever reads this table alone reads nothing of it.
CREATE TABLE portal_draft (
    id uuid PRIMARY KEY,
    sealed bytea NOT NULL,
    saved_at timestamptz NOT NULL
);
CREATE INDEX portal_draft_saved_at ON portal_draft (saved_at);

-- How often each address used the portal in an hour, by a keyed hash of the address. Lost in a crash: it is for an hour.
CREATE UNLOGGED TABLE portal_use (
    address bytea NOT NULL,
    act text NOT NULL,
    hour timestamptz NOT NULL,
    uses integer NOT NULL,
    PRIMARY KEY (address, act, hour)
);
CREATE INDEX portal_use_hour ON portal_use (hour);

-- migrate:down
