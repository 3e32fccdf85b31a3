"""Zips of any packer are read entry by entry, and what cannot be read says why."""

import io
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

import pytest

from mlcore.data.zips.reader import Entry, EntryError, TooManyEntriesError, Trouble, Zip, is_left_behind, open_zip
from mlcore.errors import ZipError
from tests.zips import encrypted, raw_zip


def entries_of(packed: bytes) -> tuple[Entry, ...]:
    with open_zip(io.BytesIO(packed)) as archive:
        return archive.entries


def paths_of(packed: bytes) -> list[str]:
    return [str(entry.path) for entry in entries_of(packed) if not entry.is_folder]


def read(packed: bytes, most_bytes: int = 2**20) -> list[bytes | Trouble]:
    """Read every entry, or why it cannot be."""
    contents: list[bytes | Trouble] = []
    with open_zip(io.BytesIO(packed)) as archive:
        for entry in archive.entries:
            try:
                contents.append(archive.read(entry, most_bytes=most_bytes))
            except EntryError as error:
                contents.append(error.trouble)
    return contents


def repeated_as_utf_8(written: str, name: str) -> bytes:
    """Pack one file whose name an extra field repeats."""
    out, entry = io.BytesIO(), zipfile.ZipInfo(written)
    with zipfile.ZipFile(out, "w") as archive:
        field = b"\x01" + struct.pack("<L", zlib.crc32(written.encode())) + name.encode()
        entry.extra = struct.pack("<HH", 0x7075, len(field)) + field
        archive.writestr(entry, b"x")
    return out.getvalue()


def test_utf_8_without_its_flag_is_read_and_what_macos_adds_is_not() -> None:
    names = ["vögel/Müller/1.jpg", "__MACOSX/vögel/Müller/._1.jpg", "vögel/鳥/1.jpg", "vögel/.DS_Store"]
    assert paths_of(raw_zip({name.encode(): b"x" for name in names})) == ["vögel/Müller/1.jpg", "vögel/鳥/1.jpg"]


def test_half_a_character_of_shift_jis_is_no_separator() -> None:
    assert paths_of(raw_zip({"表/1.jpg".encode("cp932"): b"x"})) == ["表/1.jpg"]


def test_backslashes_separate_folders() -> None:
    packed = raw_zip({b"birds\\robin\\1.jpg": b"x", b"birds\\wren\\": b"", b"birds\\wren\\Thumbs.db": b""})
    assert [(str(entry.path), entry.is_folder) for entry in entries_of(packed)] == [
        ("birds/robin/1.jpg", False),
        ("birds/wren", True),
    ]


def test_the_name_that_a_packer_repeats_as_utf_8_is_believed() -> None:
    assert paths_of(repeated_as_utf_8("M_ller.jpg", "Müller 鳥.jpg")) == ["Müller 鳥.jpg"]


def test_it_is_no_trouble_where_python_has_read_that_name_already() -> None:
    with zipfile.ZipFile(io.BytesIO(repeated_as_utf_8("M_ller.jpg", "Müller 鳥.jpg"))) as archive:
        archive.infolist()[0].filename = "Müller 鳥.jpg"
        assert [entry.name for entry in Zip(archive).entries] == ["Müller 鳥.jpg"]


def test_a_damaged_entry_says_nothing_of_the_others() -> None:
    packed = raw_zip({b"a/1.txt": b"uncompressed", b"a/2.txt": b"whole"})
    assert read(packed.replace(b"uncompressed", b"uncompromise")) == [Trouble.DAMAGED, b"whole"]


def test_encrypted_and_damaged_are_told_apart() -> None:
    assert read(encrypted(raw_zip({b"a": b"secret", b"b": b"plain"}))) == [Trouble.ENCRYPTED, b"plain"]


def test_a_packing_that_nobody_knows_is_named() -> None:
    data = bytearray(raw_zip({b"a": b"x"}))
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(signature) + place] = 97
    assert read(bytes(data)) == [Trouble.PACKING]


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_unpacks_without_bounds_is_never_unpacked(packing: int, monkeypatch: pytest.MonkeyPatch) -> None:
    packed, opened = raw_zip({b"a": bytes(2**20)}, packing), list[str]()
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_args, **_options: opened.append("opened"))
    assert read(packed, most_bytes=100) == [Trouble.PACKING]
    assert opened == []


def test_real_bytes_are_counted() -> None:
    assert read(raw_zip({b"a": bytes(100), b"b": bytes(101)}), most_bytes=100) == [bytes(100), Trouble.TOO_LARGE]


@pytest.mark.parametrize("name", [b"../a.png", b"/a.png", b"b/../../a.png", b"C:\\b\\a.png", b"..\\b\\a.png"])
def test_a_path_that_leads_out_is_not_read(name: bytes) -> None:
    assert read(raw_zip({name: b"x"})) == [Trouble.OUTSIDE]


def test_a_colon_in_a_name_leads_nowhere() -> None:
    assert read(raw_zip({b"Re: birds/a.png": b"x"})) == [b"x"]


@pytest.mark.parametrize("packed", [b"", b"no zip", raw_zip({b"a": bytes(1000)})[:500]])
def test_what_is_no_zip_is_refused(packed: bytes) -> None:
    with pytest.raises(ZipError), open_zip(io.BytesIO(packed)):
        pass


def test_a_name_that_is_not_what_its_flag_says_is_damage() -> None:
    data = bytearray(raw_zip({"Müller".encode("cp437"): b"x"}))
    for signature, place in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        data[data.index(signature) + place] |= 8
    with pytest.raises(ZipError), open_zip(io.BytesIO(bytes(data))):
        pass


def test_too_many_entries_are_refused() -> None:
    packed = raw_zip({f"{n}".encode(): b"" for n in range(4)})
    with open_zip(io.BytesIO(packed), most_entries=4) as archive:
        assert len(archive.entries) == 4
    with pytest.raises(TooManyEntriesError), open_zip(io.BytesIO(packed), most_entries=3):
        pass


def test_a_directory_too_large_for_its_entries_is_never_held_in_memory() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(40):
            archive.writestr(f"{number:05000}", b"")
    read_at_once: list[int] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            read_at_once.append(len(data))
            return data

    with pytest.raises(TooManyEntriesError), open_zip(Watched(out.getvalue()), most_entries=40):
        pass
    assert max(read_at_once) < 150_000 < 40 * 5000


@pytest.mark.parametrize(
    "path", ["__MACOSX/a/._1.png", "a/.DS_Store", "a/Thumbs.db", "a/thumbs.db", "desktop.ini", "a/._b.png"]
)
def test_what_systems_add_unasked_is_known(path: str) -> None:
    assert is_left_behind(PurePosixPath(path))
    assert not is_left_behind(PurePosixPath("a/b.png"))
