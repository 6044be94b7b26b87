"""The Compare page: many screenings on one axis, group against group."""
