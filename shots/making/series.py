"""Shots as a network takes them: made when they are asked for, never written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from shots.making.frames_of import MadeShot, made_shot
from shots.making.run_shots import shard_numbers
from shots.plan.read_plan import read_plan
from shots.plan.shot_plan import ShotPlan
from system_io.errors import UserError

ShotSample = dict[str, Any]


class Series(IterableDataset[ShotSample]):
    """The shots of a plan, for a `torch.utils.data.DataLoader` or one by one.

    A sample has `number`; of each panel `photons` (float32, noise-free) and `counts` (int32), [slow, fast],
    stacked to [panels, slow, fast] where panels are of one size, else in a list; `crystals`, a list of what
    was drawn for each crystal, in the words and units of the plan; `drawn`, what they share; and `truth`
    where the plan has `[truth]`. With workers, each makes every n-th shot; a sample is the same whichever
    makes it.

    Args:
        plan: a plan, or the path of a PLAN.toml.
        device: of the tensors.
        shard: its number from 1, and how many there are, such as rank + 1 and world size.

    Raises:
        UserError: for a plan that cannot be meant, or no such shard.
    """

    def __init__(
        self, plan: ShotPlan | str | Path, device: torch.device | str = "cpu", shard: tuple[int, int] = (1, 1)
    ) -> None:
        super().__init__()
        self.plan = plan if isinstance(plan, ShotPlan) else read_plan(Path(plan))
        self.device = torch.device(device)
        if not 1 <= shard[0] <= shard[1]:
            raise UserError(f"shard {shard[0]}/{shard[1]}: must be i/n with i from 1 to n; give such a one")
        self.numbers = shard_numbers(self.plan.shots, shard)

    def __len__(self) -> int:
        """Return the number of shots."""
        return len(self.numbers)

    def __iter__(self) -> Iterator[ShotSample]:
        """Yield the shots of this worker, in order."""
        worker = get_worker_info()
        numbers = self.numbers if worker is None else self.numbers[worker.id :: worker.num_workers]
        for number in numbers:
            yield self.sample(number)

    def sample(self, number: int) -> ShotSample:
        """Return a shot by its number in the plan.

        Raises:
            UserError: there is no such shot.
        """
        shot = made_shot(self.plan, number)
        found: ShotSample = {
            "number": number,
            "photons": self._images(shot.frames.photons),
            "counts": self._images(shot.frames.counts),
            "drawn": _tensors(shot.planned.drawn),
            "crystals": [_tensors(crystal.drawn) for crystal in shot.planned.crystals],
        }
        return {**found, "truth": self._truth(shot)} if self.plan.truth.watched else found

    def _images(self, images: Any) -> Tensor | list[Tensor]:
        tensors = [torch.from_numpy(image).to(self.device) for image in images]
        same = len({tensor.shape for tensor in tensors}) == 1
        return torch.stack(tensors) if same else tensors

    def _truth(self, shot: MadeShot) -> Any:
        from shots.truth.shot_truth import shot_truth

        by_panel = list(zip(*shot.configs, strict=True))
        return shot_truth(shot.planned.number, by_panel, shot.frames.photons, self.plan.truth.least_photons)


def _tensors(drawn: Any) -> dict[str, Tensor]:
    return {key: torch.tensor(values, dtype=torch.float64, device="cpu") for key, values in drawn.items()}
