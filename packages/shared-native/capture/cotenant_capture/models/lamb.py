"""LAMB, one parameter after another, without anything that a CUDA graph cannot capture."""

from __future__ import annotations

import torch


class Lamb(torch.optim.Optimizer):
    """Layer-wise adaptive moments (You et al., ICLR 2020), without bias correction.

    The trust ratio stays on the GPU, so no step waits for the host.
    """

    def __init__(self, parameters, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter, group):
        state = self.state[parameter]
        if not state:
            state["mean"] = torch.zeros_like(parameter)
            state["square"] = torch.zeros_like(parameter)
        beta1, beta2 = group["betas"]
        mean, square = state["mean"], state["square"]
        mean.mul_(beta1).add_(parameter.grad, alpha=1 - beta1)
        square.mul_(beta2).addcmul_(parameter.grad, parameter.grad, value=1 - beta2)
        update = mean / square.sqrt().add_(group["eps"])
        if group["weight_decay"]:
            update.add_(parameter, alpha=group["weight_decay"])
        weight_norm = parameter.norm()
        update_norm = update.norm()
        both = (weight_norm > 0) & (update_norm > 0)
        ratio = torch.where(both, weight_norm / update_norm, torch.ones_like(weight_norm))
        parameter.sub_(update.mul_(ratio), alpha=group["lr"])
