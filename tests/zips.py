"""Zips as packers of other systems write them, which Python's own does not."""

import io
import zipfile
from collections.abc import Mapping


def raw_zip(files: Mapping[bytes, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Pack files whose names are these very bytes, without a word on how they are written."""
    out = io.BytesIO()
    stand_ins = {name: f"{number:x}".rjust(len(name), "~") for number, name in enumerate(files)}
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(stand_ins[name], data)
    packed = out.getvalue()
    for name, stand_in in stand_ins.items():
        packed = packed.replace(stand_in.encode(), name)
    return packed


def encrypted(packed: bytes, n_entries: int = 1) -> bytes:
    """Set the flag of encryption of the first entries of a zip."""
    data = bytearray(packed)
    own = directory = -1
    for _ in range(n_entries):
        own, directory = data.index(b"PK\x03\x04", own + 1), data.index(b"PK\x01\x02", directory + 1)
        data[own + 6] |= 1
        data[directory + 8] |= 1
    return bytes(data)
