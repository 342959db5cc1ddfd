-- migrate:up

-- Channels whose forms other sites embed. The key is public: it stands in the pages of these sites, and is good in
-- their origins alone.
CREATE TABLE embed (
    channel text PRIMARY KEY REFERENCES channel (id),
    key text NOT NULL UNIQUE,
    origins text[] NOT NULL,
    made_at timestamptz NOT NULL
);

-- migrate:down
