"""The toy distribution and its environment, for the tests of this folder."""

from toy_build import built, built_before, packages, toy, virtual_environment

__all__ = ["built", "built_before", "packages", "toy", "virtual_environment"]
