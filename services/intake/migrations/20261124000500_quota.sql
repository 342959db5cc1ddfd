-- migrate:up

-- The key before the last rotation, good until its grace period ends.
ALTER TABLE channel
    ADD COLUMN old_key_hash bytea UNIQUE,
    ADD COLUMN old_key_until timestamptz;

-- What each channel asked in each minute, counted by every API process. Unlogged, so that counting never waits for
-- the disk: a crash of PostgreSQL may forget the counts, and then every channel has its whole quota again.
CREATE UNLOGGED TABLE channel_usage (
    channel text NOT NULL,
    minute timestamptz NOT NULL,
    requests integer NOT NULL,
    PRIMARY KEY (channel, minute)
) WITH (fillfactor = 50);

-- migrate:down
