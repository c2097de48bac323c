"""What holds for every test: no deadline a property could miss on a busy machine, and repeatable cases."""

from hypothesis import settings

settings.register_profile("plumbline", deadline=None, derandomize=True)
settings.load_profile("plumbline")
