"""Lining up eager execution with the captured graph."""

import unittest

from cotenant_capture import align


class MatchTest(unittest.TestCase):
    def test_identical_sequences_map_one_to_one(self):
        self.assertEqual(align.match("abca", "abca"), {0: 0, 1: 1, 2: 2, 3: 3})

    def test_an_extra_eager_operation_stays_unmatched(self):
        self.assertEqual(align.match("abcd", "abXcd"), {0: 0, 1: 1, 3: 2, 4: 3})

    def test_an_operation_missing_from_eager_leaves_a_hole(self):
        self.assertEqual(align.match("abXcd", "abcd"), {0: 0, 1: 1, 2: 3, 3: 4})


class ProjectTest(unittest.TestCase):
    def test_unmatched_positions_move_to_the_next_match_in_order(self):
        mapping = align.match("abcd", "abXcd")
        projected = [align.project(p, mapping, 5, 4) for p in range(6)]
        self.assertEqual(projected, [0, 1, 2, 2, 3, 4])

    def test_behind_the_last_match_is_the_end(self):
        self.assertEqual(align.project(1, {0: 0}, 3, 7), 7)


class KeyTest(unittest.TestCase):
    def test_copies_agree_under_different_names_and_kernels_do_not(self):
        first = align.key("memcpy", "Memcpy DtoD", (0, 0, 0), (0, 0, 0))
        second = align.key("memcpy", "memcpy128", (4, 1, 1), (128, 1, 1))
        self.assertEqual(first, second)
        block = (32, 1, 1)
        self.assertNotEqual(
            align.key("kernel", "k", (1, 1, 1), block), align.key("kernel", "k", (2, 1, 1), block)
        )


if __name__ == "__main__":
    unittest.main()
