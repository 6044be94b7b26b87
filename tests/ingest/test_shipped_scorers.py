"""The domain's list of included scorers agrees with the scorers themselves."""

from __future__ import annotations

from audience.scorers import EXPRESSIONNET, EXPRESSIONNET_1, REKOGNITION, SHIPPED, SIMULATED
from edge_lambda.scorers import SCORERS, load_scorer
from edge_lambda.scorers import scorer_record as on_the_device
from ingest_lambda.rekognition import RekognitionScorer
from ingest_lambda.scoring import scorer_record
from sample_data.generate import SCORER


def test_what_the_domain_says_of_each_is_true() -> None:
    assert [on_the_device(load_scorer(name)) for name in SCORERS] == [EXPRESSIONNET]
    assert scorer_record(RekognitionScorer(client=None)) == REKOGNITION
    assert SCORER == SIMULATED
    assert {scorer.name for scorer in (EXPRESSIONNET, EXPRESSIONNET_1, REKOGNITION, SIMULATED)} == set(SHIPPED)
