-- migrate:up transaction:false

-- For the doctor, who asks which timers have failed: few, among hundreds of thousands that are planned.
CREATE INDEX CONCURRENTLY IF NOT EXISTS timer_failing ON timer (at) WHERE attempts > 0;

-- migrate:down
