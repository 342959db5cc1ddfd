-- migrate:up

-- The few messages whose sending was begun and not recorded; a sender that died leaves them behind.
CREATE INDEX notification_in_the_middle ON notification (claimed_at) WHERE state = 'sending';

-- migrate:down
