"""`/join/<token>` and `/withdraw/<token>`: people enrol themselves, and withdraw, without an account."""
