"""Tests of the build behind the Makefile."""
