"""What corun.py measures, without a GPU."""

import contextlib
import dataclasses
import io
import unittest

from corun import MOST_LAUNCHES, Kind, description, kinds_of, launches_for, main, weightiest


@dataclasses.dataclass
class Node:
    kind: str = "kernel"
    name: str = "k"
    grid: tuple = (1, 1, 1)
    block: tuple = (32, 1, 1)
    registers: int = 16
    smem_static: int = 1
    smem_dynamic: int = 2

    def key(self):
        return (self.kind, self.name, self.grid, self.block, self.smem_dynamic)


class CorunTest(unittest.TestCase):
    def test_kinds_are_launches_of_one_kernel_with_one_geometry(self):
        nodes = [Node(kind="memcpy"), Node(), Node(grid=(2, 1, 1)), Node(), Node(name="other")]
        kinds = kinds_of(nodes)
        self.assertEqual([(kind.index, kind.count) for kind in kinds], [(1, 2), (2, 1), (4, 1)])
        self.assertEqual(description(kinds[0])["smem"], 3)

    def test_the_weightiest_are_those_with_most_time_in_all(self):
        kinds = [Kind(Node(), 0, 10, 5.0), Kind(Node(), 1, 1, 100.0), Kind(Node(), 2, 1, 20.0)]
        self.assertEqual([kind.index for kind in weightiest(kinds, 2)], [1, 0])

    def test_chains_are_neither_too_short_to_time_nor_too_long_to_queue(self):
        self.assertEqual(launches_for(1000, 100), 10)
        self.assertEqual(launches_for(1000, 1e6), 3)
        self.assertEqual(launches_for(1e9, 100), MOST_LAUNCHES)

    def test_programs_come_in_pairs(self):
        said = io.StringIO()
        with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended:
            main(["h200/a", "--out", "x.json"])
        self.assertEqual(ended.exception.code, 2)
        self.assertIn("1 programs; expected pairs of them", said.getvalue())


if __name__ == "__main__":
    unittest.main()
