"""The whole archive as partitioned Parquet, which DuckDB reads here and Athena in the cloud."""
