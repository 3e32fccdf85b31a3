"""mini-ImageNet in the split of Ravi & Larochelle, "Optimization as a Model for Few-Shot Learning" (ICLR 2017).

100 classes of ImageNet, 64 to train, 16 to validate, 20 to test. ImageNet's terms allow research only: nothing made
from these pictures ships with the project.
"""

from pathlib import Path

from mlcore.data.datasets import DatasetRequest
from mlcore.data.datasets.base import PictureDataset
from mlcore.data.datasets.class_folders import by_class, read_pictures, top_folder
from mlcore.data.datasets.file_tree import open_tree
from mlcore.errors import DatasetError

SIDE = 84
N_CLASSES = {"train": 64, "val": 16, "test": 20}
WORDS_FILE = "wnid_names.tsv"

_GET_IT = (
    "The split is listed at https://github.com/twitter-research/meta-learning-lstm; make the pictures from ImageNet "
    "(https://image-net.org), 84 pixels a side, as split/wnid/file.jpg, in a folder or zipped"
)


def load(request: DatasetRequest) -> PictureDataset:
    """Load one split; class names are words where `wnid_names.tsv` lies beside the pictures, else WordNet ids."""
    if request.root is None:
        raise DatasetError(f"mini-ImageNet is read from a folder: name the one that holds it. {_GET_IT}.")
    path = _find(request.root, request.split)
    side = SIDE if request.image_size is None else request.image_size
    with open_tree(path) as files:
        classes = by_class(files, below=top_folder(files))
        if len(classes) != N_CLASSES[request.split]:
            counts = f"{len(classes)} class folders, not the {N_CLASSES[request.split]} of {request.split}"
            raise DatasetError(f"{path} is incomplete: it holds {counts}. {_GET_IT}.")
        pictures = read_pictures(files, classes, side=side)
    words = _words(path.parent / WORDS_FILE)
    return PictureDataset(
        name="mini_imagenet",
        split=request.split,
        images=pictures.images,
        labels=pictures.labels,
        class_names=tuple(words.get(wnid, wnid) for wnid in classes),
        warnings=pictures.warnings,
    )


def _find(root: Path, split: str) -> Path:
    """Find a split's folder, or the one zip whose name begins with the split's."""
    folders = [folder for folder in (root, root / "mini_imagenet") if folder.is_dir()]
    for folder in folders:
        if (folder / split).is_dir():
            return folder / split
        zips = sorted(folder.glob(f"{split}*.zip"))
        if len(zips) > 1:
            names = ", ".join(path.name for path in zips)
            raise DatasetError(f"{folder} holds several zips of {split} ({names}); keep the one to use.")
        if zips:
            return zips[0]
    expected = f"a folder {split} or a zip {split}.zip"
    raise DatasetError(f"mini-ImageNet was not found in {root}: expected {expected} there. {_GET_IT}.")


def _words(path: Path) -> dict[str, str]:
    """Read lines of split, WordNet id and words: the first word of each id, with the id added where two share one."""
    if not path.is_file():
        return {}
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    if any(len(row) != 3 for row in rows):
        raise DatasetError(f"{path} is damaged: expected lines of split, WordNet id and words, with tabs between.")
    first = {wnid: words.split(",")[0].strip() for _, wnid, words in rows}
    names = list(first.values())
    return {wnid: word if names.count(word) == 1 else f"{word} ({wnid})" for wnid, word in first.items()}
