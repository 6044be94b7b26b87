"""The page on which people at home watch a film or a stream, and their own browser scores their face."""
