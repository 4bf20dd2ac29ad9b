"""What the specification calls damage, wherever it is found."""


class Damage(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Damage(what)
