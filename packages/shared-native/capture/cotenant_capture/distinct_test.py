"""Choosing the operations to profile."""

import unittest

from cotenant_capture.distinct import representatives


class RepresentativesTest(unittest.TestCase):
    def test_equal_launches_share_the_middle_one(self):
        self.assertEqual(representatives("aaaba", [5000, 5200, 5100, 9000, 5050]), [2, 2, 2, 3, 2])

    def test_a_key_is_divided_where_durations_jump(self):
        chosen = representatives("aaaa", [10_000, 30_000, 10_100, 30_100])
        self.assertEqual(chosen[0], chosen[2])
        self.assertEqual(chosen[1], chosen[3])
        self.assertNotEqual(chosen[0], chosen[1])

    def test_small_differences_do_not_divide(self):
        # 1.9 us against 1.0 us is a large ratio, but less than the absolute step.
        self.assertEqual(len(set(representatives("aa", [1000, 1900]))), 1)
        # 110 us against 100 us is a large difference, but less than the relative step.
        self.assertEqual(len(set(representatives("aa", [100_000, 110_000]))), 1)

    def test_groups_start_from_their_shortest_so_drift_cannot_chain(self):
        durations = [100_000, 110_000, 120_000, 130_000]
        self.assertEqual(len(set(representatives("aaaa", durations))), 2)

    def test_every_stand_in_has_the_same_key_and_stands_for_itself(self):
        keys = ["x", "y", "x", "y", "z"]
        chosen = representatives(keys, [4000, 9000, 60_000, 9000, 1])
        for index, stand_in in enumerate(chosen):
            self.assertEqual(keys[index], keys[stand_in])
            self.assertEqual(chosen[stand_in], stand_in)


if __name__ == "__main__":
    unittest.main()
