"""The `photos` checkpoint that ships: it loads, holds no foreign weights, and tells plain things apart."""

import io

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from mlcore.checkpoints.checkpoint import find_checkpoint, load_checkpoint
from mlcore.data.episode import LabeledSet
from mlcore.data.images import image_to_tensor
from mlcore.methods.base import FewShotMethod


def drawn(shape: str, colour: str, place: int) -> Tensor:
    picture = Image.new("RGB", (200, 150), "beige")
    box = (40 + place, 30, 120 + place, 110)
    draw = ImageDraw.Draw(picture)
    (draw.ellipse if shape == "disc" else draw.rectangle)(box, fill=colour)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return image_to_tensor(file.getvalue(), "photos")


def test_it_loads_and_tells_plain_things_apart() -> None:
    method: FewShotMethod = load_checkpoint(find_checkpoint("photos"))
    assert list(method.state_dict()) == ["log_scale"]
    support = torch.stack([drawn("disc", "red", 0), drawn("disc", "red", 30), drawn("box", "navy", 10)])
    with torch.no_grad():
        classifier = method.adapt(LabeledSet(support, torch.tensor([0, 0, 1])))
        answer = classifier.predict(torch.stack([drawn("box", "navy", 25), drawn("disc", "red", 15)]), n_nearest=1)
    assert answer.probabilities.argmax(1).tolist() == [1, 0]
    assert answer.nearest[0].tolist() == [2]
    torch.testing.assert_close(answer.probabilities.sum(1), torch.ones(2))
