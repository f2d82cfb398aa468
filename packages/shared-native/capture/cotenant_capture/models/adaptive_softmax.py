"""Adaptive softmax over a large vocabulary whose shapes are known before the GPU starts.

Frequent words are scored together in a head; rarer ones in tails, which only the rows whose target
lies in that tail go through. The usual implementation finds those rows on the GPU and waits for
their number. Here the host, which has the targets anyway, passes the rows of each tail as an input
of fixed length, so that the iteration can be captured.
"""

from __future__ import annotations

import itertools

import torch


class AdaptiveSoftmax(torch.nn.Module):
    """Negative log likelihood of each target; output weights are slices of the tied embedding."""

    def __init__(self, weight: torch.nn.Parameter, cutoffs: tuple[int, ...]):
        super().__init__()
        vocabulary, width = weight.shape
        self.edges = (0, *cutoffs, vocabulary)
        self.weight = weight
        self.bias = torch.nn.Parameter(torch.zeros(vocabulary))
        tails = len(self.edges) - 2
        self.cluster_weight = torch.nn.Parameter(torch.randn(tails, width) * 0.02)
        self.cluster_bias = torch.nn.Parameter(torch.zeros(tails))

    def forward(self, hidden, targets, tail_rows):
        head = self.edges[1]
        weight = torch.cat([self.weight[:head], self.cluster_weight])
        bias = torch.cat([self.bias[:head], self.cluster_bias])
        log_head = torch.nn.functional.linear(hidden, weight, bias).log_softmax(-1)
        # A target in tail i counts in the head as the pseudo-word head + i.
        head_target = targets.clone()
        for tail, (low, high) in enumerate(itertools.pairwise(self.edges[1:])):
            inside = (targets >= low) & (targets < high)
            head_target = torch.where(inside, head + tail, head_target)
        loss = -log_head.gather(1, head_target.unsqueeze(1)).squeeze(1)
        for rows, (low, high) in zip(tail_rows, itertools.pairwise(self.edges[1:])):
            if rows.numel() == 0:
                continue
            logits = torch.nn.functional.linear(
                hidden.index_select(0, rows), self.weight[low:high], self.bias[low:high]
            )
            target = (targets.index_select(0, rows) - low).unsqueeze(1)
            tail_loss = -logits.log_softmax(-1).gather(1, target).squeeze(1)
            loss = loss.index_add(0, rows, tail_loss.to(loss.dtype))
        return loss


def tail_rows(targets: torch.Tensor, cutoffs: tuple[int, ...], vocabulary: int):
    """Rows of ``targets`` (flat, on the host) whose word lies in each tail."""
    edges = (*cutoffs, vocabulary)
    return tuple(
        ((targets >= low) & (targets < high)).nonzero().flatten()
        for low, high in itertools.pairwise(edges)
    )
