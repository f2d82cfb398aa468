"""ResNet50, MobileNetV2 and ResNet101 from torchvision, with random weights and random images."""

from __future__ import annotations

import torch
import torchvision
from cotenant_capture.workload import Workload

_CONSTRUCTORS = {
    "resnet50": torchvision.models.resnet50,
    "mobilenetv2": torchvision.models.mobilenet_v2,
    "resnet101": torchvision.models.resnet101,
}
_IMAGE = (3, 224, 224)
_CLASSES = 1000
_LEARNING_RATE = 0.1


def build(name: str, batch: int, mode: str, precision: str) -> Workload:
    del precision  # the same model; the recorder wraps it in autocast
    torch.manual_seed(42)
    model = _CONSTRUCTORS[name](weights=None)
    images = torch.randn(batch, *_IMAGE)
    if mode == "inference":
        return Workload(model=model, inputs=(images,), notes={"weights": "random"})
    labels = torch.randint(0, _CLASSES, (batch,))
    return Workload(
        model=model,
        inputs=(images, labels),
        forward=lambda net, x, _labels: net(x),
        loss=lambda output, _x, y: torch.nn.functional.cross_entropy(output, y),
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=_LEARNING_RATE),
        notes={"weights": "random", "optimizer": f"SGD lr={_LEARNING_RATE}"},
    )
