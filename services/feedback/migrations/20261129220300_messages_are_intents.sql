-- migrate:up

-- Messages become intents, in their order. What was joined from the demand at each sending stands in the body now.
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
INSERT INTO lease (name, holder, epoch, expires_at)
SELECT 'intents-message', holder::text, 1, until FROM sender_lease;

DROP TABLE notification, reached, sender_lease;
DROP TYPE notification_row, supporter_notice_row;
CREATE TYPE supporter_notice_row AS (
    demand_id uuid,
    fact_id uuid,
    template text,
    text text,
    channel_kind text,
    number text,
    jurisdiction text
);

-- migrate:down
