-- migrate:up

-- What may be listed of every demand, in columns, so that every filter of a list has an index. The words are
-- masked; `summary` is the answer that was released for publication.
CREATE TABLE demand_listing (
    id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    jurisdiction text NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    category text,
    division text NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    lat double precision,
    lon double precision,
    status text NOT NULL,
    is_open boolean NOT NULL,
    submitted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    unit text,
    due_at timestamptz,
    summary text NOT NULL DEFAULT ''
);
CREATE INDEX demand_listing_submitted ON demand_listing (jurisdiction, submitted_at DESC, id DESC);
CREATE INDEX demand_listing_open ON demand_listing (jurisdiction, submitted_at DESC, id DESC) WHERE is_open;
CREATE INDEX demand_listing_category ON demand_listing (jurisdiction, category, submitted_at DESC);
CREATE INDEX demand_listing_updated ON demand_listing (jurisdiction, updated_at DESC, id DESC);

-- How each demand went on, as far as intake has heard.
CREATE TABLE demand_update (
    id uuid PRIMARY KEY,
    demand_id uuid NOT NULL,
    sequence integer NOT NULL,
    jurisdiction text NOT NULL,
    status text NOT NULL,
    summary text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX demand_update_in_time ON demand_update (jurisdiction, at, sequence, id);
CREATE INDEX demand_update_of_demand ON demand_update (demand_id, sequence);

-- Updates that other systems sent, once each.
CREATE TABLE update_received (
    channel text NOT NULL,
    update_id text NOT NULL,
    demand_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (channel, update_id)
);

-- The demands that were there before this table: their words are in the journal, where they stand is in their state.
INSERT INTO demand_listing
SELECT demand.id,
    told.payload::jsonb ->> 'number',
    told.payload::jsonb ->> 'jurisdiction',
    told.payload::jsonb ->> 'channel',
    told.payload::jsonb ->> 'kind',
    told.payload::jsonb ->> 'category',
    told.payload::jsonb ->> 'division',
    told.payload::jsonb ->> 'title',
    coalesce(told.payload::jsonb ->> 'text', ''),
    (told.payload::jsonb #>> '{location,lat}')::double precision,
    (told.payload::jsonb #>> '{location,lon}')::double precision,
    demand.state ->> 'status',
    demand.state ->> 'status' NOT IN ('declined', 'resolved', 'withdrawn', 'confirmed', 'closed'),
    (demand.state ->> 'submitted_at')::timestamptz,
    coalesce(demand.state ->> 'resolved_at', demand.state ->> 'updated_at')::timestamptz,
    demand.state ->> 'unit',
    (demand.state ->> 'due_at')::timestamptz
FROM demand JOIN journal AS told ON told.aggregateid = demand.id AND told.sequence = 1;

-- migrate:down
