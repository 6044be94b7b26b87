"""A data set of labelled faces from somebody's own photos: cut, labelled, split by people, checked and packed."""

from __future__ import annotations

from typing import Final, Literal, get_args

Labeller = Literal["person", "rekognition", "expressionnet"]
LABELLERS: Final[tuple[Labeller, ...]] = get_args(Labeller)
"""Who labels. Where several labelled a face, the first of them counts."""

Format = Literal["folder", "parquet", "webdataset"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
"""How a data set is packed: see `houselights.labelling.pack`."""
