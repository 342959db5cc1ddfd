-- migrate:up transaction:false

-- For those who watch webhooks: the first that wait of each, whatever was delivered before.
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_delivery_waiting ON webhook_delivery (webhook, position)
    WHERE state = 'pending';

-- migrate:down
