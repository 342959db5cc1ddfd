-- migrate:up

-- Facts that were committed and have no place yet in the order in which channels read events. `event` is null where
-- channels hear nothing of the fact, but read of it in how the demand stands.
CREATE TABLE event_pending (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    demand_id uuid NOT NULL,
    type text NOT NULL,
    is_confidential boolean NOT NULL,
    number text NOT NULL,
    jurisdiction text NOT NULL,
    division text NOT NULL,
    category text,
    event text,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE TYPE event_pending_row AS (
    demand_id uuid,
    type text,
    is_confidential boolean,
    number text,
    jurisdiction text,
    division text,
    category text,
    event text
);

-- What channels read: places are given by one transaction at a time, without gaps, to rows that were committed. So
-- whoever has read up to a place has missed nothing before it. `channel` is the one whose key the demand came with.
CREATE TABLE demand_event (
    place bigint PRIMARY KEY,
    channel text,
    type text NOT NULL,
    is_confidential boolean NOT NULL,
    number text NOT NULL,
    jurisdiction text NOT NULL,
    division text NOT NULL,
    category text,
    event text NOT NULL,
    placed_at timestamptz NOT NULL
);
CREATE INDEX demand_event_of_channel ON demand_event (channel, place);
CREATE INDEX demand_event_of_demand ON demand_event (number, place);
CREATE INDEX demand_event_placed ON demand_event (placed_at);

-- One row: how far places were given, and when. `feed` tells the cursors of this database from those of others.
CREATE TABLE event_head (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    feed uuid NOT NULL,
    last_place bigint NOT NULL,
    placed_at timestamptz NOT NULL
);
INSERT INTO event_head (feed, last_place, placed_at) VALUES (gen_random_uuid(), 0, now());

-- When each demand last changed for whoever reads it, by the clock that gives the places: it never goes back.
CREATE TABLE demand_change (
    demand_id uuid PRIMARY KEY,
    channel text,
    changed_at timestamptz NOT NULL
);
CREATE INDEX demand_change_of_channel ON demand_change (channel, changed_at, demand_id);
INSERT INTO demand_change (demand_id, channel, changed_at)
SELECT submission.id, submission.channel, greatest(listed.updated_at, submission.submitted_at)
FROM submission LEFT JOIN demand_listing AS listed USING (id);

-- migrate:down
