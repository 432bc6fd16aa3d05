"""The table of relations: all that `nb-invariants` knows, by id."""

from __future__ import annotations

from collections.abc import Mapping

from harness.invariants.relations import absolute, beam, crystal, detector, lengths, outputs
from harness.invariants.relations.relation import Relation

RELATIONS: tuple[Relation, ...] = (
    *lengths.ROWS,
    *detector.ROWS,
    *crystal.ROWS,
    *beam.ROWS,
    *outputs.ROWS,
    *absolute.ROWS,
)
RELATION_BY_ID: Mapping[str, Relation] = {relation.id: relation for relation in RELATIONS}
