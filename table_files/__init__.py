"""Tables written out as files that other programs read, for the command line and the pages alike."""
