"""A device's deliveries: contact sheets and window files, the outbox that stores them, and their upload."""
