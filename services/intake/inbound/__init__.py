"""Inbound messages: gateways that turn text messages, e-mails and WeChat messages into intake's commands."""
