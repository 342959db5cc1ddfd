-- migrate:up

-- Each coordinator sees the triage of the own jurisdiction.
DROP INDEX demand_triage;
CREATE INDEX demand_triage ON demand ((state ->> 'jurisdiction'), id) WHERE status = 'triage';

-- migrate:down
