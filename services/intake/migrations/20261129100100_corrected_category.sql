-- migrate:up

-- A dispatcher may correct what a demand is about.
ALTER TYPE demand_listing_move ADD ATTRIBUTE category text;

-- migrate:down
