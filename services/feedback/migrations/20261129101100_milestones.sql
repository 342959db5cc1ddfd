-- migrate:up

-- What the page of a demand shows beside its status: the words of the facts that have some for the citizen.
CREATE TABLE milestone (
    fact_id uuid PRIMARY KEY,
    demand_id uuid NOT NULL,
    version integer NOT NULL,
    type text NOT NULL,
    at timestamptz NOT NULL,
    words jsonb NOT NULL
);
CREATE INDEX milestone_of_demand ON milestone (demand_id, version);
CREATE TYPE milestone_row AS (
    fact_id uuid,
    demand_id uuid,
    version integer,
    type text,
    at timestamptz,
    words jsonb
);

-- Who supports a demand hears its end; those who were told so far that they are counted in.
CREATE TABLE supporter (
    demand_id uuid NOT NULL,
    contact uuid NOT NULL,
    channel_kind text,
    PRIMARY KEY (demand_id, contact)
);
INSERT INTO supporter (demand_id, contact, channel_kind)
SELECT demand_id, contact, max(channel_kind) FROM notification
WHERE template = 'supported' AND contact IS NOT NULL GROUP BY demand_id, contact;
CREATE TYPE supporter_row AS (
    demand_id uuid,
    contact uuid,
    channel_kind text
);
CREATE TYPE supporter_notice_row AS (
    demand_id uuid,
    fact_id uuid,
    template text,
    body text
);
-- Supporters get the same template for the same fact, each under a contact of their own.
ALTER TABLE notification DROP CONSTRAINT notification_demand_id_fact_id_template_key;
CREATE UNIQUE INDEX notification_once ON notification (demand_id, fact_id, template, contact);

-- migrate:down
