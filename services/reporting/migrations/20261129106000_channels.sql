-- migrate:up

-- What people call the channels that are registered here, as the last demand of each said it.
CREATE TABLE channel (
    id text PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL
);

-- migrate:down
