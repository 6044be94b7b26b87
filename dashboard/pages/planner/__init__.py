"""The Planner page: how many screenings and faces a comparison needs."""
