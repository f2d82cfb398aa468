"""BERT for question answering on sequences of 384: large for inference, base for training."""

from __future__ import annotations

import torch
import transformers
from cotenant_capture.workload import Workload
from transformers.integrations.sdpa_attention import sdpa_attention_forward

_SEQUENCE = 384
_SIZES = {
    "large": {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
    },
    "base": {
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
    },
}
# Written-out attention in FP32, as the published measurements had it; fused attention in bf16, as
# is usual today.
_ATTENTION = {"fp32": "eager", "bf16": "sdpa_unmasked"}
_LEARNING_RATE = 5e-5


# Fused attention needs no mask without padding, and eager execution leaves it out. While a graph is
# captured, the library builds one nevertheless, which rules the fused kernels out; so it is given
# an attention of another name that never has a mask.
transformers.AttentionInterface.register("sdpa_unmasked", sdpa_attention_forward)
transformers.AttentionMaskInterface.register("sdpa_unmasked", lambda **_: None)


def build(name: str, batch: int, mode: str, precision: str) -> Workload:
    del name
    torch.manual_seed(42)
    size = "large" if mode == "inference" else "base"
    attention = _ATTENTION[precision]
    config = transformers.BertConfig(**_SIZES[size], attn_implementation=attention)
    model = transformers.BertForQuestionAnswering(config)
    tokens = torch.randint(0, config.vocab_size, (batch, _SEQUENCE))
    segments = torch.zeros(batch, _SEQUENCE, dtype=torch.long)
    segments[:, _SEQUENCE // 6 :] = 1
    notes = {
        "weights": "random",
        "size": size,
        "attention": attention,
        "padding": "none: every sequence has the full length",
    }
    mask = torch.ones(batch, _SEQUENCE)
    answer = _answer_written_out if attention == "eager" else _answer
    if mode == "inference":
        return Workload(model=model, inputs=(tokens, segments, mask), forward=answer, notes=notes)
    starts = torch.randint(0, _SEQUENCE, (batch,))
    ends = torch.randint(0, _SEQUENCE, (batch,))
    return Workload(
        model=model,
        inputs=(tokens, segments, mask, starts, ends),
        forward=lambda net, t, s, m, _starts, _ends: answer(net, t, s, m),
        loss=_loss,
        optimizer=lambda parameters: torch.optim.Adam(
            parameters, lr=_LEARNING_RATE, weight_decay=0.01, capturable=True
        ),
        notes={**notes, "optimizer": f"Adam lr={_LEARNING_RATE} weight_decay=0.01 capturable"},
    )


def _answer(net, tokens, segments, _mask):
    """Logits of the answer's ends."""
    output = net(input_ids=tokens, token_type_ids=segments)
    return output.start_logits, output.end_logits


def _answer_written_out(net, tokens, segments, mask):
    """The same with the mask as an addend: building it from a padding mask inside the model would
    copy a constant from the host, which a CUDA graph cannot capture."""
    addend = (1.0 - mask)[:, None, None, :] * -10000.0
    output = net(input_ids=tokens, token_type_ids=segments, attention_mask=addend)
    return output.start_logits, output.end_logits


def _loss(output, _tokens, _segments, _mask, starts, ends):
    """Mean of the cross-entropies of the answer's first and last position."""
    start_logits, end_logits = output
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(start_logits, starts) + cross_entropy(end_logits, ends)) / 2
