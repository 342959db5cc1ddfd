-- migrate:up

-- How the publication of a case stands: the words that are public now, and the answer that waits to be released.
CREATE TABLE publication (
    demand_id uuid PRIMARY KEY,
    jurisdiction text NOT NULL,
    unit text,
    edition integer NOT NULL,
    is_public boolean NOT NULL,
    title text,
    text text,
    answer text,
    is_refused boolean NOT NULL,
    proposed_at timestamptz,
    proposal text NOT NULL
);
CREATE INDEX publication_waiting ON publication (jurisdiction, proposed_at, demand_id) WHERE proposed_at IS NOT NULL;

CREATE TYPE publication_row AS (
    demand_id uuid,
    jurisdiction text,
    unit text,
    edition integer,
    is_public boolean,
    title text,
    text text,
    answer text,
    is_refused boolean,
    is_decided boolean,
    proposed_at timestamptz,
    proposal text
);

CREATE TYPE publication_due_row AS (demand_id uuid, at timestamptz);

-- migrate:down
