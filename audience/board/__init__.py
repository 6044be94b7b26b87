"""The live board: how lively each stage of a festival is, their order, and the snapshot that public pages read."""
