"""Build the native media module; everything else is said in pyproject.toml."""

from setuptools import setup

setup(cffi_modules=["native/build_native.py:ffi"])
