-- migrate:up

-- A channel lists what it handed in, newest first.
CREATE INDEX submission_of_channel ON submission (channel, id);

-- The same matter seen again through another channel, once for each reference of that channel.
CREATE TABLE sighting (
    channel text NOT NULL,
    external_id text NOT NULL,
    demand_id uuid NOT NULL REFERENCES submission (id),
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (channel, external_id)
);
CREATE INDEX sighting_of_demand ON sighting (demand_id);

-- Wrong secret codes for a demand since a moment, so that nobody tries them all.
CREATE TABLE wrong_code (
    demand_id uuid PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL
);

-- migrate:down
