"""The Stages page for staff, and the public board: a small page for phones and the snapshot it reads."""
