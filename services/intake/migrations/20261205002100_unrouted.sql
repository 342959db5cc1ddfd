-- migrate:up transaction:false

-- For those who watch: demands that wait for routing are found from here, however many others there are. Built while
-- demands are listed; a statement that does so stands alone in its file.
CREATE INDEX CONCURRENTLY IF NOT EXISTS demand_listing_unrouted ON demand_listing (updated_at DESC)
    WHERE status IN ('submitted', 'returned', 'reopened');

-- migrate:down
