"""Exports all sessions as partitioned Parquet, for DuckDB and Amazon Athena."""
