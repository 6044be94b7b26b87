"""The live board: liveliness of the stages of a festival, their ranking, and the snapshot that public pages read."""
