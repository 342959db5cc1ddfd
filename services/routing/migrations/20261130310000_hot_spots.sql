-- migrate:up

-- Demands that were submitted and that nobody has compared with others yet.
CREATE TABLE hot_spot_due (
    demand_id uuid NOT NULL
);

-- Common demands (共性需求); the id is that of the first one. `told` is how many there were when that was told last.
CREATE TABLE hot_spot (
    id uuid PRIMARY KEY,
    position bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    jurisdiction text NOT NULL,
    division text NOT NULL,
    category text,
    phrases text[] NOT NULL,
    size integer NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    found_at timestamptz NOT NULL,
    told integer NOT NULL
);
CREATE INDEX hot_spot_of_a_jurisdiction ON hot_spot (jurisdiction, position);

-- What each demand was compared by (its words are masked), and the hot spot that it belongs to. Those of none are
-- pruned once they are older than any span.
CREATE TABLE hot_spot_demand (
    demand_id uuid PRIMARY KEY,
    jurisdiction text NOT NULL,
    number text NOT NULL,
    division text NOT NULL,
    category text,
    raised_at timestamptz NOT NULL,
    words text NOT NULL,
    hot_spot uuid REFERENCES hot_spot
);
CREATE INDEX hot_spot_demand_lately ON hot_spot_demand (raised_at);
CREATE INDEX hot_spot_demand_together ON hot_spot_demand (hot_spot) WHERE hot_spot IS NOT NULL;

-- migrate:down
