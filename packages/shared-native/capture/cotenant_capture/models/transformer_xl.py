"""Transformer-XL base (Dai et al., ACL 2019) for word-level language modelling, own module.

16 layers, 8 heads of 64, width 512, inner width 2048, segments of 192 tokens with a memory of 192,
vocabulary of WikiText-103 with tied embedding and adaptive softmax.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from cotenant_capture.models.adaptive_softmax import AdaptiveSoftmax, tail_rows
from cotenant_capture.models.lamb import Lamb
from cotenant_capture.workload import Workload

_LEARNING_RATE = 0.1


@dataclasses.dataclass(frozen=True)
class Shape:
    """Hyperparameters of the model and its segments."""

    layers: int = 16
    heads: int = 8
    width: int = 512
    head_width: int = 64
    inner: int = 2048
    target: int = 192
    memory: int = 192
    vocabulary: int = 267735
    cutoffs: tuple[int, ...] = (19997, 39997, 199997)
    dropout: float = 0.1


class RelativeAttention(torch.nn.Module):
    """Causal multi-head attention over memory and segment with relative positions."""

    def __init__(self, shape: Shape):
        super().__init__()
        total = shape.heads * shape.head_width
        self.shape = shape
        self.qkv = torch.nn.Linear(shape.width, 3 * total, bias=False)
        self.position = torch.nn.Linear(shape.width, total, bias=False)
        self.out = torch.nn.Linear(total, shape.width, bias=False)
        self.norm = torch.nn.LayerNorm(shape.width)
        self.drop = torch.nn.Dropout(shape.dropout)

    def forward(self, x, memory, positions, content_bias, position_bias, mask):
        """x: [target, batch, width]; memory: [memory, batch, width]."""
        queries, batch, _ = x.shape
        heads, width = self.shape.heads, self.shape.head_width
        q, k, v = self.qkv(torch.cat([memory, x])).chunk(3, dim=-1)
        keys = k.shape[0]
        q = q[-queries:].view(queries, batch, heads, width)
        k = k.view(keys, batch, heads, width).permute(1, 2, 3, 0)
        v = v.view(keys, batch, heads, width).permute(1, 2, 0, 3)
        r = self.position(positions).view(keys, heads, width).permute(1, 2, 0)
        by_content = torch.matmul((q + content_bias).permute(1, 2, 0, 3), k)
        by_position = torch.matmul((q + position_bias).permute(1, 2, 0, 3), r)
        score = (by_content + _shift(by_position)) * (1 / math.sqrt(width))
        weight = score.masked_fill(mask, float("-inf")).softmax(-1)
        mixed = torch.matmul(weight, v).permute(2, 0, 1, 3).reshape(queries, batch, -1)
        return self.norm(x + self.drop(self.out(mixed)))


class FeedForward(torch.nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.Linear(shape.width, shape.inner),
            torch.nn.ReLU(),
            torch.nn.Dropout(shape.dropout),
            torch.nn.Linear(shape.inner, shape.width),
            torch.nn.Dropout(shape.dropout),
        )
        self.norm = torch.nn.LayerNorm(shape.width)

    def forward(self, x):
        return self.norm(x + self.body(x))


class TransformerXL(torch.nn.Module):
    """Loss of one segment; the hidden states become the memory of the next one."""

    def __init__(self, shape: Shape, batch: int):
        super().__init__()
        self.shape = shape
        self.embedding = torch.nn.Embedding(shape.vocabulary, shape.width)
        torch.nn.init.normal_(self.embedding.weight, std=0.02)
        self.attention = torch.nn.ModuleList(RelativeAttention(shape) for _ in range(shape.layers))
        self.feed_forward = torch.nn.ModuleList(FeedForward(shape) for _ in range(shape.layers))
        self.content_bias = torch.nn.Parameter(torch.zeros(shape.heads, shape.head_width))
        self.position_bias = torch.nn.Parameter(torch.zeros(shape.heads, shape.head_width))
        self.softmax = AdaptiveSoftmax(self.embedding.weight, shape.cutoffs)
        self.drop = torch.nn.Dropout(shape.dropout)
        keys = shape.memory + shape.target
        exponents = torch.arange(0, shape.width, 2) / shape.width
        angles = torch.outer(torch.arange(keys - 1, -1, -1).float(), 10000.0**-exponents)
        self.register_buffer("positions", torch.cat([angles.sin(), angles.cos()], dim=1))
        rows = torch.arange(shape.target).unsqueeze(1) + shape.memory
        self.register_buffer("mask", torch.arange(keys).unsqueeze(0) > rows)
        # The memory of every layer lives in one place, so that a captured graph can be replayed.
        self.register_buffer(
            "memories", torch.zeros(shape.layers, shape.memory, batch, shape.width)
        )

    def forward(self, tokens, targets, *rows):
        """tokens and targets: [target, batch]; rows: of each tail of the softmax."""
        x = self.drop(self.embedding(tokens) * math.sqrt(self.shape.width))
        positions = self.drop(self.positions)
        for layer, (attend, feed) in enumerate(zip(self.attention, self.feed_forward)):
            memory = self.memories[layer].clone()
            with torch.no_grad():
                self.memories[layer].copy_(x[-self.shape.memory :])
            x = feed(attend(x, memory, positions, self.content_bias, self.position_bias, self.mask))
        hidden = self.drop(x).view(-1, self.shape.width)
        return self.softmax(hidden, targets.view(-1), rows).mean()


def build(name: str, batch: int, mode: str, precision: str) -> Workload:
    del name, precision
    torch.manual_seed(42)
    shape = Shape()
    tokens = _zipf(shape, batch)
    targets = _zipf(shape, batch)
    rows = tail_rows(targets.view(-1), shape.cutoffs, shape.vocabulary)
    notes = {
        "weights": "random",
        "data": "tokens drawn with probability 1/rank",
        "target": shape.target,
        "memory": shape.memory,
        "softmax_tail_rows": [r.numel() for r in rows],
    }
    workload = Workload(
        model=TransformerXL(shape, batch), inputs=(tokens, targets, *rows), notes=notes
    )
    if mode == "training":
        workload.optimizer = lambda parameters: Lamb(parameters, lr=_LEARNING_RATE)
        notes["optimizer"] = f"LAMB lr={_LEARNING_RATE}"
    return workload


def _shift(x):
    """Turn scores by absolute distance into scores by relative position, row by row."""
    batch, heads, queries, keys = x.shape
    padded = torch.nn.functional.pad(x, (1, 0)).view(batch, heads, keys + 1, queries)
    return padded[:, :, 1:].reshape(batch, heads, queries, keys)


def _zipf(shape: Shape, batch: int):
    weights = 1.0 / torch.arange(1, shape.vocabulary + 1, dtype=torch.float64)
    draws = torch.multinomial(weights, shape.target * batch, replacement=True)
    return draws.view(shape.target, batch)
