-- migrate:up

-- The processes of this service that run, as each says of itself every ten seconds: people find them here, wherever
-- they run. One that ends in order takes its row away; one that was killed leaves it until another of its name has not
-- seen it for an hour. `seen_at` is by this server's clock, `told_at` by the process's own.
CREATE TABLE process (
    name text NOT NULL,
    instance text NOT NULL,
    host text NOT NULL,
    health text NOT NULL,
    version text NOT NULL,
    started_at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    not_alive text NOT NULL DEFAULT '',
    not_ready text NOT NULL DEFAULT '',
    lag bigint,
    standing_seconds double precision,
    PRIMARY KEY (name, instance)
);

-- migrate:down
