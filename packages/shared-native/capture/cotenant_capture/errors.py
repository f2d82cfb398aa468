"""The one exception that the recorder turns into a one-line message and a non-zero exit."""


class RecordError(Exception):
    """Something is wrong with the input, the model or the measurement.

    The text is one line: what is wrong, where, and what would be right.
    """
