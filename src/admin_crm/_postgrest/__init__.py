"""Rows of tables and views: built, read to the end, decoded."""
