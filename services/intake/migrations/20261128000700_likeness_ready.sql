-- migrate:up

-- What is due comes ready to be indexed: the worker moves it from table to table, and reads and parses nothing.
-- The version before notes an id alone until its last process has ended: such a demand is not suggested to anybody.
ALTER TABLE likeness_due
    ADD COLUMN raised_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN within text NOT NULL DEFAULT '',
    ADD COLUMN bigrams text NOT NULL DEFAULT '',
    ADD COLUMN lat double precision,
    ADD COLUMN lon double precision;

-- What was due at this moment is found by the pairs of its title, within its own division.
UPDATE likeness_due AS due
SET raised_at = told.time,
    within = told.payload::jsonb ->> 'division',
    lat = (told.payload::jsonb #>> '{location,lat}')::double precision,
    lon = (told.payload::jsonb #>> '{location,lon}')::double precision,
    bigrams = coalesce(
        (
            SELECT string_agg(DISTINCT substr(found.run[1], at, 2), ' ')
            FROM regexp_matches(lower(normalize(told.payload::jsonb ->> 'title', NFKC)), '[㐀-鿿]{2,}', 'g')
                    AS found (run),
                generate_series(1, length(found.run[1]) - 1) AS at
        ),
        ''
    )
FROM journal AS told
WHERE told.aggregateid = due.id AND told.sequence = 1;

CREATE TYPE likeness_due_row AS (
    id uuid,
    raised_at timestamptz,
    within text,
    bigrams text,
    lat double precision,
    lon double precision
);

-- migrate:down
