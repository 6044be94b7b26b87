"""The reaction of one audience: curve, baselines, moments, segments, and the review that combines them."""
