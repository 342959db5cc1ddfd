"""The contracts between services: facts and their schemas, the envelope, topics, refusals, shared types of text."""
