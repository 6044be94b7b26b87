"""Loading the recogniser for photos and cameras of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_lambda.recognisers import dlib_resnet
from houselights import enrolling


@pytest.mark.parametrize("kept", [True, False])
def test_a_download_is_announced_before_it_begins_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept: bool
) -> None:
    model, said = tmp_path / "model.onnx", list[str]()
    if kept:
        model.touch()
    monkeypatch.setattr(dlib_resnet, "cached_model", lambda: model)
    monkeypatch.setattr(enrolling, "load_recogniser", lambda name: said.append(capsys.readouterr().err))
    enrolling.load_announced("dlib")
    assert said[0].count("100 MB") == (0 if kept else 1)
