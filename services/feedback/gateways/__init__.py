"""The gateways by which messages are sent, one module for each, and their recipients."""
