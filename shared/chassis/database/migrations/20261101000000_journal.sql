-- migrate:up

-- What this service has told. Append-only: it is the truth and the outbox at once.
-- Column names follow Debezium's outbox event router, so that it can replace the relay.
CREATE TABLE journal (
    position bigint GENERATED ALWAYS AS IDENTITY,
    id uuid PRIMARY KEY,
    aggregatetype text NOT NULL,
    aggregateid uuid NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    subject text NOT NULL,
    time timestamptz NOT NULL,
    sequence integer,
    causation uuid,
    correlation uuid,
    traceparent text,
    imported boolean NOT NULL DEFAULT false,
    payload text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT journal_one_writer UNIQUE (aggregateid, sequence)
);
CREATE UNIQUE INDEX journal_position ON journal (position);

-- Up to where each shard of the journal has been sent, for each broker cluster that was ever seen.
CREATE TABLE relay_cursor (
    cluster_id text NOT NULL,
    shard integer NOT NULL,
    position bigint NOT NULL,
    sent bigint NOT NULL DEFAULT 0,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cluster_id, shard)
);

-- Facts that came before the one they must follow.
CREATE TABLE parked (
    aggregateid uuid NOT NULL,
    sequence integer NOT NULL,
    record bytea NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (aggregateid, sequence)
);

-- Notes have no sequence; their id tells whether they are new here.
CREATE TABLE note_seen (
    id uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- Records that could not be handled, with their cause; `redriven_at` marks those that were since.
CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    cluster_id text NOT NULL,
    record bytea NOT NULL,
    cause text NOT NULL,
    happened_at timestamptz NOT NULL DEFAULT now(),
    redriven_at timestamptz,
    UNIQUE (cluster_id, topic, partition, "offset")
);

-- How far this service has read, written in the transaction that used what was read.
CREATE TABLE progress (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);

-- migrate:down
