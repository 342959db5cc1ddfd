-- migrate:up

-- Where other systems are told what happens. A webhook is a channel's (its own demands) or a jurisdiction's. A filter
-- that is null takes everything. Secrets are sealed.
CREATE TABLE webhook (
    id uuid PRIMARY KEY,
    channel text,
    jurisdiction text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    types text[],
    divisions text[],
    categories text[],
    channels text[],
    secret bytea NOT NULL,
    secret_previous bytea,
    previous_until timestamptz,
    delivered_at timestamptz,
    failing_since timestamptz,
    disabled_at timestamptz,
    disabled_for text,
    CHECK ((channel IS NULL) <> (jurisdiction IS NULL)),
    CHECK ((disabled_at IS NULL) = (disabled_for IS NULL))
);
CREATE INDEX webhook_channel ON webhook (channel, id);
CREATE INDEX webhook_jurisdiction ON webhook (jurisdiction, id);

-- What one webhook is told of one event. Those of one demand go out in the order of their positions.
CREATE TABLE webhook_delivery (
    webhook uuid NOT NULL,
    event uuid NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    demand uuid NOT NULL,
    number text NOT NULL,
    type text NOT NULL,
    at timestamptz NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (webhook, event)
);
CREATE INDEX webhook_delivery_queue ON webhook_delivery (webhook, due_at, position) WHERE state = 'pending';
CREATE INDEX webhook_delivery_line ON webhook_delivery (webhook, demand, position) WHERE state = 'pending';
CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook, position);
CREATE INDEX webhook_delivery_created ON webhook_delivery (created_at);

-- One try. `status` is the HTTP status of the answer; null: there was none.
CREATE TABLE webhook_attempt (
    webhook uuid NOT NULL,
    event uuid NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    status integer,
    cause text NOT NULL,
    milliseconds integer NOT NULL,
    PRIMARY KEY (webhook, event, number)
);
CREATE INDEX webhook_attempt_at ON webhook_attempt (at);

CREATE TYPE webhook_event_row AS (
    event uuid,
    demand uuid,
    number text,
    type text,
    at timestamptz,
    channel text,
    jurisdiction text,
    confidential boolean,
    divisions text[],
    categories text[],
    body text
);

-- migrate:down
