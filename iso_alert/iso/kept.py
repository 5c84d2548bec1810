"""Which fields may leave the codec (T-01): a list of what is allowed, so that a forgotten field stays inside."""


def words(text: str) -> tuple[str, ...]:
    """Field numbers as a table of specifications writes them."""
    return tuple(text.split())


KEPT = frozenset(words("3 4 5 6 7 11 12 13 18 22 24 25 32 33 37 38 39 41 42 43 49 50 51 54 70 90 91 95 101"))
KEPT_93 = (KEPT - {"90", "91", "95"}) | {"26", "30", "56"}  # in 1993 those three numbers mean something else
KEPT_FOR_ENROLMENT = "120"  # holds a mobile number
SENSITIVE = frozenset(words("2 14 34 35 36 45 48 52 53 55"))  # no profile may keep these or hand a part of them on
