-- migrate:up

-- Who has signed in at the pages. `id` is the SHA-256 of what the browser holds in its cookie: whoever reads this table
-- cannot act for anybody. A session is over at `ends_at`, whatever happens, and at `idle_until`, which requests move on.
CREATE TABLE staff_session (
    id bytea PRIMARY KEY,
    name text NOT NULL,
    unit text NOT NULL,
    roles text[] NOT NULL,
    id_token text,
    began_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    idle_until timestamptz NOT NULL
);

-- migrate:down
