-- migrate:up

-- Which unit was told last that a due time was missed, so that its list shows the case.
ALTER TABLE attention ADD COLUMN escalated_to text;
CREATE INDEX attention_escalated ON attention (escalated_to) WHERE escalated_to IS NOT NULL;
ALTER TYPE attention_row ADD ATTRIBUTE escalated_to text;

-- migrate:down
