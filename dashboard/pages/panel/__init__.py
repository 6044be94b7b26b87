"""The Panel page: households, who was there in each minute, and programmes with reach and audience."""
