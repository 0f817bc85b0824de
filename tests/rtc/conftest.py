"""Hypothesis without a stopwatch: the machine may be busy, and no test here is about time."""

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
