"""Ours beside the servers people would otherwise use: real servers, one neutral load, one result."""
