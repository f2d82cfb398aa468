"""Verification of replays: on the CPU, with a stand-in for captured graph and library."""

import contextlib
import json
import pathlib
import unittest
from unittest import mock

try:
    import torch
except ImportError:
    torch = None


def without_gpu():
    """torch.cuda's functions that verification calls, without a GPU."""
    stack = contextlib.ExitStack()
    for name in ("synchronize", "manual_seed"):
        stack.enter_context(mock.patch.object(torch.cuda, name, lambda *_: None))
    return stack


def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4))


class FakeIteration:
    """A training step on the CPU, as Iteration does it on the GPU."""

    def __init__(self):
        self.model = network()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.1)
        self.results = ()
        self.inputs = torch.randn(8, 4)

    def run(self):
        loss = self.model(self.inputs).square().mean()
        self.results = (loss.detach(),)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)


class FakeNative:
    """A library whose run computes one iteration and leaves the result where the graph would."""

    def __init__(self, program, error=0.0):
        self.program = program
        self.error = error
        self.plans = []
        self.library = self

    def shared_run(self, file, clients, waited_for):
        assert (clients, waited_for) == (1, 1)

    def demand(self, request):
        self.plans.append(json.loads(pathlib.Path(request["plan"]).read_text()))
        before = self.program.results
        self.program.iteration.run()
        before[0].copy_(self.program.iteration.results[0] * (1 + self.error))
        return {"ok": True}


@unittest.skipIf(torch is None, "needs PyTorch")
class VerifyTest(unittest.TestCase):
    def setUp(self):
        from cotenant_capture import live_program, live_verify

        self.live_program, self.live_verify = live_program, live_verify
        self.enterContext(without_gpu())
        program = live_program.LiveProgram.__new__(live_program.LiveProgram)
        program.program = "h200/small-training"
        program.header = {"gpu": "h200", "mode": "training"}
        program.iteration = FakeIteration()
        program.iteration.run()  # the optimizer has its state
        program.results = (torch.zeros(()),)
        self.program = program

    def test_equal_losses_are_exact_and_the_state_is_put_back(self):
        before = [t.clone() for t in self.program.state()]
        self.assertGreater(len(before), 10, "parameters, buffers, moments")
        native = FakeNative(self.program)
        report = self.live_verify.verify(native, self.program, 3)
        self.assertTrue(report["exact"], report)
        self.assertEqual(report["max_relative_difference"], 0)
        self.assertEqual(len(report["replayed"]), 3)
        self.assertNotEqual(report["replayed"][0], report["replayed"][1])
        for now, then in zip(self.program.state(), before):
            self.assertTrue(torch.equal(now, then))
        self.assertEqual(native.plans[0]["clients"][0]["program"], "h200/small-training")
        self.assertEqual(native.plans[0]["system"], {"name": "ideal"})

    def test_a_difference_is_told(self):
        report = self.live_verify.verify(FakeNative(self.program, 0.01), self.program, 2)
        self.assertFalse(report["exact"])
        self.assertAlmostEqual(report["max_relative_difference"], 0.01, places=4)

    def test_differences(self):
        difference = self.live_verify.difference
        nan = torch.tensor([float("nan"), 1.0])
        self.assertEqual(difference([nan], [nan.clone()]), 0)
        self.assertGreater(difference([nan], [torch.ones(2)]), 1e300)
        self.assertEqual(difference([torch.zeros(2)], [torch.zeros(2)]), 0)
        half = torch.tensor([1.0, 2.0], dtype=torch.bfloat16)
        self.assertEqual(difference([half * 2], [half]), 1)

    def test_digests_are_of_the_bytes(self):
        digest = self.program.digest()
        self.assertEqual(len(digest), 64)
        self.program.results[0].fill_(-0.0)
        self.assertNotEqual(self.program.digest(), digest, "minus zero has other bytes")


@unittest.skipIf(torch is None, "needs PyTorch")
class IterationTest(unittest.TestCase):
    def test_tensors_are_found_in_whatever_a_model_returns(self):
        from cotenant_capture.iteration import tensors_of

        a, b = torch.zeros(1), torch.ones(1)
        self.assertEqual([id(t) for t in tensors_of((a, [b]))], [id(a), id(b)])
        self.assertEqual([id(t) for t in tensors_of({"x": a, "y": None})], [id(a)])
        self.assertEqual(tensors_of("text"), [])


if __name__ == "__main__":
    unittest.main()
