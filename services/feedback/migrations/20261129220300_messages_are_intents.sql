-- migrate:up

-- Messages are intents. What was joined from the demand at each sending stands in the body now. Workers of the version
-- before may still write during an update: what they write becomes an intent at once. A later version drops the table.
CREATE FUNCTION notification_is_an_intent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO intent (id, kind, key, about, line, body, state, attempts, cause, waits, recipient, due_at,
        created_at, claimed_at, finished_at)
    SELECT NEW.id, 'message', NEW.demand_id, NEW.fact_id, concat_ws('/', NEW.demand_id, NEW.contact),
        jsonb_build_object(
            'template', NEW.template, 'text', NEW.body, 'contact', NEW.contact,
            'number', demand.state ->> 'number', 'jurisdiction', demand.state ->> 'jurisdiction',
            'channel_kind', coalesce(NEW.channel_kind, demand.state ->> 'channel_kind', 'web')
        ),
        NEW.state, NEW.attempts, NEW.cause, NEW.waits, NEW.recipient, NEW.due_at,
        NEW.created_at, NEW.claimed_at, NEW.finished_at
    FROM (SELECT) AS one LEFT JOIN demand ON demand.id = NEW.demand_id
    ON CONFLICT (id) DO NOTHING;
    RETURN NULL;
END $$;

-- From here on nobody of before writes until all of this is done.
LOCK TABLE notification, sender_lease IN ACCESS EXCLUSIVE MODE;
INSERT INTO intent (id, position, kind, key, about, line, body, state, attempts, cause, waits, recipient, due_at,
    created_at, claimed_at, finished_at)
OVERRIDING SYSTEM VALUE
SELECT message.id, position, 'message', demand_id, fact_id, concat_ws('/', demand_id, contact),
    jsonb_build_object(
        'template', template, 'text', body, 'contact', contact, 'number', demand.state ->> 'number',
        'jurisdiction', demand.state ->> 'jurisdiction',
        'channel_kind', coalesce(channel_kind, demand.state ->> 'channel_kind', 'web')
    ),
    message.state, attempts, cause, waits, recipient, due_at, created_at, claimed_at, finished_at
FROM notification AS message LEFT JOIN demand ON demand.id = demand_id
ORDER BY position;
SELECT setval(pg_get_serial_sequence('intent', 'position'), coalesce(max(position), 0) + 1, false) FROM intent;
INSERT INTO intent_reached (intent_id, recipient, at) SELECT message_id, recipient, at FROM reached;
TRUNCATE notification, reached;
CREATE TRIGGER notification_is_an_intent BEFORE INSERT ON notification
    FOR EACH ROW EXECUTE FUNCTION notification_is_an_intent();

-- A sender of before that is at it keeps its right to the end; none begins anything more.
INSERT INTO lease (name, holder, epoch, expires_at)
SELECT 'intents-message', holder::text, 1, until FROM sender_lease;
INSERT INTO sender_lease (holder, until) VALUES ('00000000-0000-0000-0000-000000000000', 'infinity')
ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, until = excluded.until;

CREATE TYPE supporter_message_row AS (
    demand_id uuid,
    fact_id uuid,
    template text,
    text text,
    channel_kind text,
    number text,
    jurisdiction text
);

-- migrate:down
