-- migrate:up

-- What a demand is about, as far as finding similar ones needs it: pairs of characters of the masked title, and where.
-- `within` holds the division and everything above it, so that one element says "anywhere in this town".
CREATE TABLE likeness (
    id uuid PRIMARY KEY,
    open boolean NOT NULL,
    raised_at timestamptz NOT NULL,
    division text NOT NULL,
    within text[] NOT NULL,
    bigrams text[] NOT NULL,
    lat double precision,
    lon double precision
) WITH (fillfactor = 90);

-- ANALYZE counts which pairs are common; 1000 lets it keep the 10,000 commonest.
ALTER TABLE likeness ALTER COLUMN bigrams SET STATISTICS 1000;

-- Without the pending list: an answer while typing must not wait for what others have just submitted.
CREATE INDEX likeness_bigrams ON likeness USING gin (bigrams, within) WITH (fastupdate = off) WHERE open;
CREATE INDEX likeness_latest ON likeness (division, raised_at DESC) WHERE open;

-- migrate:down
