"""What Windows says of itself, through its libraries and its registry; never localised words.

Nothing here is loaded on another system. None of it has run on a real Windows yet: the tests stand
in for the libraries and the registry (docs/windows.md).
"""
