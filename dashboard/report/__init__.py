"""A stage's reaction as one file to forward: HTML that needs nothing else, or PDF. Only `offer` knows Streamlit."""
