"""Record a PyTorch model as a Cotenant program: every GPU operation of one iteration, measured.

Only :class:`Workload` is meant for users; importing this package needs neither PyTorch nor a GPU.
"""

from cotenant_capture.workload import Workload

__all__ = ["Workload"]
