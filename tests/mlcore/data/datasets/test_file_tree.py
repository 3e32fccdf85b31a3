"""Folders and zips as trees of files: the same listing, and nothing followed out of a zip."""

import stat
import zipfile
from pathlib import Path

import pytest

from mlcore.data.datasets import file_tree
from mlcore.data.datasets.file_tree import open_tree
from mlcore.errors import DatasetError
from tests.mlcore.data.datasets.files import write_folder, write_zip

FILES = {"a/1.txt": b"one", "a/b/2.txt": b"two", "top.txt": b"three"}
SYSTEM = {"__MACOSX/a/._1.txt": b"", ".hidden/x": b"", "a/Thumbs.db": b"", "a/.DS_Store": b""}


def written(tmp_path: Path, form: str) -> Path:
    if form == "zip":
        return write_zip(tmp_path / "tree.zip", FILES | SYSTEM)
    return write_folder(tmp_path / "tree", FILES | SYSTEM)


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_it_lists_and_reads_files_but_not_what_systems_leave_behind(form: str, tmp_path: Path) -> None:
    with open_tree(written(tmp_path, form)) as tree:
        assert tree.files == ("a/1.txt", "a/b/2.txt", "top.txt")
        assert tree.folders == ("a", "a/b")
        assert [tree.read(file) for file in tree.files] == list(FILES.values())


def test_empty_folders_are_listed(tmp_path: Path) -> None:
    (tmp_path / "tree" / "empty").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "tree.zip", "w") as archive:
        archive.mkdir("empty")
    for name in ("tree", "tree.zip"):
        with open_tree(tmp_path / name) as tree:
            assert tree.folders == ("empty",)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"), open_tree(tmp_path / "nothing"):
        pass


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    path.write_bytes(b"something else")
    with pytest.raises(DatasetError, match="cannot be read as a zip"), open_tree(path):
        pass


@pytest.mark.parametrize("name", ["../out.txt", "/etc/passwd", "a/../../out.txt"])
def test_an_entry_that_leads_out_of_a_zip_is_refused(name: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "tree.zip", {name: b"x"})
    with pytest.raises(DatasetError, match="leads out of it"), open_tree(path):
        pass


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tree.zip"
    link = zipfile.ZipInfo("a/link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DatasetError, match=r"a/link.jpg"), open_tree(path):
        pass


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "tree.zip", {"a/1.txt": b"uncompressed"})
    path.write_bytes(path.read_bytes().replace(b"uncompressed", b"uncompromise"))
    with open_tree(path) as tree, pytest.raises(DatasetError, match=r"a/1\.txt in .*tree\.zip cannot be read"):
        tree.read("a/1.txt")


def test_an_entry_that_unpacks_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_tree, "MAX_FILE_BYTES", 2**20)
    path = write_zip(tmp_path / "tree.zip", {"bomb": bytes(2**20 + 1)})
    with open_tree(path) as tree, pytest.raises(DatasetError, match="more than 1 MB"):
        tree.read("bomb")


def test_a_folder_that_links_to_itself_is_walked_once(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "tree", FILES)
    (root / "a" / "loop").symlink_to(root, target_is_directory=True)
    with open_tree(root) as tree:
        assert tree.files == tuple(sorted(FILES))


def test_linked_folders_are_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "elsewhere", {"1.txt": b"one"})
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with open_tree(tmp_path / "tree") as tree:
        assert tree.files == ("linked/1.txt",)


def test_a_file_that_vanished_is_named(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "tree", FILES)
    with open_tree(root) as tree:
        (root / "top.txt").unlink()
        with pytest.raises(DatasetError, match=r"top\.txt cannot be read"):
            tree.read("top.txt")
