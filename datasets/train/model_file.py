"""edgeval's model file (docs/formats/model.md): 8 bytes of length, a JSON header, the
tensors."""
import json
import os
import pathlib
import struct

import numpy

DTYPES = {"F32": "<f4", "F16": "<f2"}


def write_tensors(path, model, notes, tensors, dtype="F32"):
    """`tensors` names parameters of PyTorch; the file appears whole or not at all."""
    header = {"__metadata__": {"edgeval": json.dumps(model), "training": json.dumps(notes)}}
    data = b""
    for name, tensor in tensors.items():
        values = tensor.detach().cpu().numpy().astype(DTYPES[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    replace(path, lambda file: file.write(struct.pack("<Q", len(text)) + text + data))


def read_tensors(path):
    """The model's JSON, and arrays of float32 by name."""
    content = pathlib.Path(path).read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    model = json.loads(header.pop("__metadata__")["edgeval"])
    tensors = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        values = numpy.frombuffer(content[start + first:start + last], DTYPES[entry["dtype"]])
        tensors[name] = values.astype(numpy.float32).reshape(entry["shape"])
    return model, tensors


def replace(path, write):
    part = str(path) + ".part"
    with open(part, "wb") as file:
        write(file)
    os.replace(part, path)
