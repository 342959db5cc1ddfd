-- migrate:up

-- What was released of a demand, in its latest edition. The words of what was taken back, or what its citizen wants
-- nobody to read, are not kept: `title` is null then.
CREATE TABLE publication (
    demand_id uuid PRIMARY KEY,
    edition integer NOT NULL,
    title text,
    text text NOT NULL,
    answer text NOT NULL,
    reopenings integer NOT NULL,
    pieces text[] NOT NULL,
    released_at timestamptz,
    changed_at timestamptz,
    ground text,
    is_refused boolean NOT NULL
);
CREATE INDEX publication_pieces ON publication USING gin (pieces) WITH (fastupdate = off);

-- Each edition without its words, so that corrections and withdrawals stay visible.
CREATE TABLE publication_edition (
    demand_id uuid NOT NULL,
    edition integer NOT NULL,
    at timestamptz NOT NULL,
    correction text,
    ground text,
    PRIMARY KEY (demand_id, edition)
);

CREATE TYPE publication_row AS (
    demand_id uuid,
    edition integer,
    title text,
    text text,
    answer text,
    reopenings integer,
    pieces text,
    released_at timestamptz,
    changed_at timestamptz,
    ground text,
    is_refused boolean
);
CREATE TYPE publication_edition_row AS (
    demand_id uuid,
    edition integer,
    at timestamptz,
    correction text,
    ground text
);

-- When a demand was first released; null unless it is public now. The lists of the public are read from these.
ALTER TABLE demand_listing ADD COLUMN released_at timestamptz;
CREATE INDEX demand_listing_released ON demand_listing (jurisdiction, released_at DESC, id DESC)
    WHERE released_at IS NOT NULL;
CREATE INDEX demand_listing_released_at ON demand_listing (released_at DESC) WHERE released_at IS NOT NULL;
CREATE INDEX demand_listing_released_place_and_category
    ON demand_listing (jurisdiction, division, category, released_at DESC, id DESC) WHERE released_at IS NOT NULL;
CREATE INDEX demand_listing_released_place ON demand_listing (jurisdiction, division, released_at DESC, id DESC)
    WHERE released_at IS NOT NULL;
CREATE INDEX demand_listing_released_category ON demand_listing (jurisdiction, category, released_at DESC, id DESC)
    WHERE released_at IS NOT NULL;
CREATE INDEX demand_listing_released_open ON demand_listing (jurisdiction, released_at DESC, id DESC)
    WHERE released_at IS NOT NULL AND is_open;

-- migrate:down
