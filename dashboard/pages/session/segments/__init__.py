"""The segment table: real rows that can be sorted, read aloud, and chosen to go to their second."""
