"""The order of a captured graph's nodes."""

import unittest

from cotenant_capture.errors import RecordError
from cotenant_capture.graph import Node, missing_links


class MissingLinksTest(unittest.TestCase):
    def test_a_chain_lacks_none(self):
        self.assertEqual(missing_links(3, [(0, 1), (1, 2)]), [])

    def test_a_fork_and_join_lacks_the_link_between_its_branches(self):
        # 0 forks to 1 and 2, which join in 3: 2 does not wait for 1 yet.
        self.assertEqual(missing_links(4, [(0, 1), (0, 2), (1, 3), (2, 3)]), [1])

    def test_an_edge_against_launch_order_is_refused(self):
        with self.assertRaisesRegex(RecordError, "node 0 depends on node 1"):
            missing_links(2, [(1, 0)])

    def test_a_single_node(self):
        self.assertEqual(missing_links(1, []), [])


class NodeKeyTest(unittest.TestCase):
    def test_a_second_capture_agrees_though_addresses_differ(self):
        first = Node(1, "kernel", "k", (2, 1, 1), (32, 1, 1))
        second = Node(99, "kernel", "k", (2, 1, 1), (32, 1, 1))
        self.assertEqual(first.key(), second.key())
        second.smem_dynamic = 1024
        self.assertNotEqual(first.key(), second.key())


if __name__ == "__main__":
    unittest.main()
