"""Runs the unittest suites below a folder and writes what passed and failed as JSON.

    unittest_report.py FOLDER REPORT.json

unittest itself prints its counts for people only.
"""

import json
import sys
import unittest


class CountingResult(unittest.TextTestResult):
    """Counts passes, which unittest does not keep."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.passed = 0

    def addSuccess(self, test):  # noqa: N802 (unittest's name)
        super().addSuccess(test)
        self.passed += 1


def main(folder: str, report: str) -> int:
    suite = unittest.defaultTestLoader.discover(folder, pattern="*_test.py", top_level_dir=folder)
    result = unittest.TextTestRunner(resultclass=CountingResult).run(suite)
    broken = [*result.failures, *result.errors]
    failures = [str(test) for test, _ in broken] + [
        str(test) for test in result.unexpectedSuccesses
    ]
    with open(report, "w", encoding="utf-8") as file:
        json.dump({"passed": result.passed, "failures": failures}, file)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
