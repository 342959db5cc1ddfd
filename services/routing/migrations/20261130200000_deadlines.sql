-- migrate:up

-- Demands that were open before deadlines had timers get theirs: a timer with an empty payload looks at what is due of
-- its demand and is planned for that. What was missed before the update is not told any more.
INSERT INTO timer (kind, key, at, due_at)
SELECT 'deadline', id, now(), now() FROM demand
WHERE status IN ('triage', 'routed', 'accepted', 'in_progress') AND state -> 'imported' IS DISTINCT FROM 'true'
    AND (state ->> 'due_at')::timestamptz > now() - interval '60 days'
ON CONFLICT DO NOTHING;

-- migrate:down
