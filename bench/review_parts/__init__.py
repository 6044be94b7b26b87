"""What `bench.review` measures, a part each: pages, viewers, the archive, and what the statistics promise."""
