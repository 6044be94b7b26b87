"""Previews of a camera's pictures with every face marked, as a page and as a video file."""
