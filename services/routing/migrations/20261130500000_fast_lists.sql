-- migrate:up

-- Each list of a desk has an index that holds its cases alone, in the order in which they are shown.
CREATE INDEX demand_work_by_age ON demand (unit, id)
    WHERE status IN ('routed', 'accepted', 'in_progress', 'listed');
CREATE INDEX demand_unsigned ON demand (unit, rank, work_due_at, id) WHERE status = 'routed';
CREATE INDEX demand_of_handler ON demand (unit, (state ->> 'handler'), rank, work_due_at, id)
    WHERE status IN ('routed', 'accepted', 'in_progress', 'listed') AND state ? 'handler';
CREATE INDEX demand_reopened ON demand (unit, rank, work_due_at, id)
    WHERE status IN ('routed', 'accepted', 'in_progress', 'listed') AND state ? 'reopenings';
CREATE INDEX demand_returned ON demand (unit, rank, work_due_at, id) WHERE status = 'routed' AND state ? 'returns';
CREATE INDEX demand_paused ON demand (unit, rank, work_due_at, id)
    WHERE status IN ('routed', 'accepted', 'in_progress', 'listed') AND state ? 'paused_at';
CREATE INDEX demand_triage_by_due ON demand ((state ->> 'jurisdiction'), rank, work_due_at, id) WHERE status = 'triage';
CREATE INDEX demand_alike ON demand (unit, (state ->> 'category'), (state ->> 'division'), id)
    WHERE status IN ('routed', 'accepted', 'in_progress', 'listed');

-- migrate:down
