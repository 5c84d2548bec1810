"""Endurance: campaigns that treat the service badly for as long as one likes, and say which promise did not hold.

`python -m tests.endurance NAME` runs one in full; `test_*.py` here run each in its short form.
"""
