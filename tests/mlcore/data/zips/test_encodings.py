"""Names without a word on how they are written are read as their packer meant them."""

import sys

import pytest

from mlcore.data.zips import encodings
from mlcore.data.zips.encodings import Spelling, spelling_of
from mlcore.errors import ZipError

WORDS = {
    "Müller Vögel Äpfel grün": "cp437 cp850 cp1252",
    "Bär Löwe Käfer": "cp437 cp850 cp1252",
    "café éléphant hérisson chèvre": "cp437 cp850 cp1252",
    "pêche forêt zèbre": "cp437 cp850 cp1252",
    "niño limón león piña": "cp437 cp850 cp1252",
    "pão maçã limão coração": "cp850 cp1252",
    "caffè città papà": "cp437 cp850 cp1252",
    "koffieboon geïnd zeeën": "cp437 cp850 cp1252",
    "køter æble blå får": "cp850 cp1252",
    "bjørn rød grønn elg": "cp850 cp1252",
    "björn röd grön älg": "cp437 cp850 cp1252",
    "mäyrä kärpänen pöllö": "cp437 cp850 cp1252",
    "kýr þorskur blár höfrungur": "cp850 cp1252",
    "żółw gęś źrebię łoś": "cp852 cp1250",
    "jabłko śliwka gruszka żółty": "cp852 cp1250",
    "řeka kůň žába kočka": "cp852",
    "jahoda třešeň červená": "cp852 cp1250",
    "mačka jež koník žltý": "cp852 cp1250",
    "őz körte szőlő egér": "cp852 cp1250",
    "mačka žaba šljiva crveno": "cp852 cp1250",
    "češnja žaba ščuka": "cp852",
    "măr pisică câine": "cp852 cp1250",
    "ağaç çiçek kuş yeşil": "cp857",
    "kırmızı köpek şeftali": "cp857 cp1254",
    "μήλο γάτα σκύλος": "cp737 cp1253",
    "κόκκινο αχλάδι ψάρι": "cp737 cp1253",
    "яблоко собака кошка": "cp866 cp1251 koi8-r",
    "красный груша ёж": "cp866 cp1251 koi8-r",
    "Яблоко Груша": "cp866 cp1251 koi8-r",
    "кішка їжак яблуко": "cp1125 cp1251 koi8-u",
    "ябълка котка куче": "cp866 cp1251",
    "јабука мачка крушка": "cp855 cp1251",
    "תפוח חתול כלב": "cp862 cp1255",
    "אדום דג סוס": "cp862",
    "تفاحة قطة كلب": "cp720 cp1256",
    "أحمر سمكة حصان": "cp720 cp1256",
    "แมว หมา ปลา": "cp874",
    "แอปเปิล สีแดง ช้าง": "cp874",
    "chó mèo cá": "cp1258",
    "õun pöök kährik": "cp775 cp1257",
    "ābols kaķis zaļš": "cp775",
    "obuolys katė žalias šuo": "cp775",
    "表示 猫 犬": "cp932",
    "りんご みかん": "cp932 euc_jp",
    "ソフト リンゴ 写真": "cp932",
    "苹果 香蕉": "gb18030",
    "猫 狗 红色": "gb18030",
    "蘋果 香蕉": "big5hkscs",
    "貓 狗 紅色": "big5hkscs",
    "고양이 개 사과": "cp949",
    "빨강 물고기": "cp949",
}
"""Names of one zip, and the encodings in which packers of their country write them."""


@pytest.mark.parametrize(
    ("encoding", "names"), [(encoding, names) for names, encodings in WORDS.items() for encoding in encodings.split()]
)
def test_names_of_most_languages_come_out_as_they_were_written(encoding: str, names: str) -> None:
    written = [name.encode(encoding) for name in names.split()]
    assert list(map(spelling_of(written).decode, written)) == names.split()


@pytest.mark.parametrize(
    ("modern", "older", "encoding"),
    [
        ("鳥/1.jpg 猫/2.jpg", "Müller/1.jpg", "cp437"),
        ("été/1.jpg", "Müller/1.jpg", "cp437"),
        ("Müller", "Vögel", "cp1252"),
        ("🦆", "Müller", "cp437"),
        ("яблоко груша", "кошка", "cp866"),
        ("яблоко груша", "кошка", "cp1251"),
        ("鳥 猫", "表 犬", "cp932"),
        ("żółw", "kůň", "cp852"),
        ("고양이", "개", "cp949"),
        ("μήλο", "é", "cp437"),
    ],
)
def test_a_zip_may_mix_utf_8_with_an_older_encoding(modern: str, older: str, encoding: str) -> None:
    names = [*modern.split(), *older.split()]
    written = [*(name.encode() for name in modern.split()), *(name.encode(encoding) for name in older.split())]
    assert list(map(spelling_of(written).decode, written)) == names


@pytest.mark.parametrize(
    ("encoding", "names"), [("cp866", "сад сок кошка"), ("gb18030", "猫 狗 红色"), ("cp874", "แบบ แมว")]
)
def test_a_short_word_that_is_utf_8_by_chance_mixes_nothing(encoding: str, names: str) -> None:
    written = [name.encode(encoding) for name in names.split()]
    assert list(map(spelling_of(written).decode, written)) == names.split()


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
    assert list(map(spelling_of(written).decode, written)) == names


def test_plain_names_need_no_guess() -> None:
    assert spelling_of([b"kite/1.png", b""]) == Spelling("utf-8")


def test_a_missing_detector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chardet", None)
    assert spelling_of(["Müller".encode()]) == Spelling("utf-8")
    with pytest.raises(ZipError, match="pip install chardet"):
        spelling_of(["Müller".encode("cp437")])


def test_of_very_many_names_some_are_judged_and_all_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    oddness = encodings._oddness
    monkeypatch.setattr(encodings, "_oddness", lambda names: (judged.append(len("".join(names))), oddness(names))[1])
    names = [f"{number:05} 鳥".encode("cp932") for number in range(10_000)]
    assert spelling_of([*names, "東京の表".encode("cp932")]) == Spelling("cp932")
    assert max(judged) <= encodings.JUDGED_BYTES < sum(map(len, names))
