"""Names without a word on how they are written are read as their packer meant them."""

import sys

import pytest

from mlcore.data.zips import encodings
from mlcore.data.zips.encodings import encoding_of
from mlcore.errors import ZipError


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("utf-8", ["Müller/1.jpg", "鳥/1.jpg"]),
        ("utf-8", ["vo\u0308gel/Mu\u0308ller/1.jpg"]),
        ("cp437", ["Müller/1.jpg", "Vögel/1.jpg"]),
        ("cp437", ["café/1.jpg", "thé/1.jpg"]),
        ("cp437", ["niño/1.jpg", "año/1.jpg"]),
        ("cp850", ["São/1.jpg", "pão/1.jpg"]),
        ("cp850", ["Ørsted/1.jpg", "Håkon/1.jpg"]),
        ("cp1252", ["Müller", "Köln"]),
        ("cp932", ["表/1.jpg"]),
        ("cp932", ["表/1.jpg", "猫/1.jpg", "ソフト/1.jpg"]),
        ("cp932", ["犬\\写真.jpg", "猫\\写真.jpg"]),
        ("gb18030", ["苹果/1.jpg", "香蕉/1.jpg"]),
        ("big5hkscs", ["蘋果/1.jpg", "香蕉/1.jpg"]),
        ("cp949", ["고양이/1.jpg", "개/1.jpg"]),
        ("cp866", ["кошка/1.jpg", "собака/1.jpg"]),
        ("cp1251", ["кошка/1.jpg", "собака/1.jpg"]),
    ],
)
def test_names_come_out_as_they_were_written(encoding: str, names: list[str]) -> None:
    written = [name.encode(encoding) for name in names]
    assert [name.decode(encoding_of(written)) for name in written] == names


def test_plain_names_need_no_guess() -> None:
    assert encoding_of([b"kite/1.png", b""]) == "utf-8"


def test_a_missing_detector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chardet", None)
    assert encoding_of(["Müller".encode()]) == "utf-8"
    with pytest.raises(ZipError, match="pip install chardet"):
        encoding_of(["Müller".encode("cp437")])


def test_of_very_many_names_some_are_judged_and_all_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    oddness = encodings._oddness
    monkeypatch.setattr(encodings, "_oddness", lambda names: (judged.append(len("".join(names))), oddness(names))[1])
    names = [f"{number:05} 鳥".encode("cp932") for number in range(10_000)]
    assert encoding_of([*names, "東京の表".encode("cp932")]) == "cp932"
    assert max(judged) <= encodings.JUDGED_BYTES < sum(map(len, names))
