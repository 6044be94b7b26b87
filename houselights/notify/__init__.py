"""Notifies people of alerts: watches the rules of all sessions, and sends messages to SNS topics and webhooks."""
