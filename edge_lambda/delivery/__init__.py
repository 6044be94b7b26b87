"""Deliveries of a device: contact sheets and window files, the outbox that keeps them, and their upload."""
