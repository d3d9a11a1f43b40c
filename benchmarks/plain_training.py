"""Training as public programs have it: a data set read item by item, the original networks."""

from pathlib import Path

import h5py
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset


class PlainDataset(Dataset[tuple[Tensor, int]]):
    """One read of the file for each item."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: h5py.File | None = None
        with h5py.File(path, "r") as file:
            self._count = len(file["images"])

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        if self._file is None:  # each worker opens the file for itself
            self._file = h5py.File(self._path, "r")
        image = torch.from_numpy(self._file["images"][row])
        return image.unsqueeze(0), int(self._file["labels"][row])


class PlainPaperGenerator(nn.Module):
    """The original generator, layer by layer, with a one-hot label."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.embed = nn.Linear(classes, 256)
        self.project = nn.Linear(1024 + 256, 128 * 7 * 7)
        self.norm1 = nn.BatchNorm1d(128 * 7 * 7)
        self.deconv1 = nn.ConvTranspose2d(128, 128, 5, stride=2, padding=2, output_padding=1)
        self.norm2 = nn.BatchNorm2d(128)
        self.deconv2 = nn.ConvTranspose2d(128, 1, 5, stride=2, padding=2, output_padding=1)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """(B, 1024) and (B,) to (B, 1, 28, 28)."""
        phi = self.embed(F.one_hot(labels, self.classes).float())
        hidden = F.relu(self.norm1(self.project(torch.cat([latents, phi], dim=1))))
        maps = F.relu(self.norm2(self.deconv1(hidden.view(-1, 128, 7, 7))))
        return torch.sigmoid(self.deconv2(maps))


class PlainPaperDiscriminator(nn.Module):
    """The original discriminator, layer by layer, with Φ(y) as constant maps."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.embed = nn.Linear(classes, 256)
        self.conv1 = nn.Conv2d(1, 257, 5, stride=2, padding=2)
        self.conv2 = nn.Conv2d(513, 320, 5, stride=2, padding=2)
        self.norm1 = nn.BatchNorm2d(320)
        self.linear = nn.Linear(320 * 7 * 7 + 256, 1024)
        self.norm2 = nn.BatchNorm1d(1024)
        self.score = nn.Linear(1024 + 256, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """(B, 1, 28, 28) and (B,) to (B, 1)."""
        phi = self.embed(F.one_hot(labels, self.classes).float())
        maps = F.leaky_relu(self.conv1(images), 0.2)
        constant = phi[:, :, None, None].expand(-1, -1, 14, 14)
        maps = F.leaky_relu(self.norm1(self.conv2(torch.cat([maps, constant], dim=1))), 0.2)
        hidden = self.linear(torch.cat([maps.flatten(1), phi], dim=1))
        hidden = F.leaky_relu(self.norm2(hidden), 0.2)
        scores: Tensor = self.score(torch.cat([hidden, phi], dim=1))
        return scores


class PlainPaperStep:
    """One step of D and one of G, each with a forward pass of its own, as published programs do."""

    def __init__(self, classes: int, batch_size: int, device: torch.device) -> None:
        self._generator = PlainPaperGenerator(classes).to(device)
        self._discriminator = PlainPaperDiscriminator(classes).to(device)
        self._batch_size, self._device = batch_size, device
        self._optimizers = [
            torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999))
            for network in (self._generator, self._discriminator)
        ]

    def _latents(self) -> Tensor:
        return torch.rand(self._batch_size, 1024, device=self._device) * 2 - 1

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        """Train on images (B, 1, 28, 28) in [0, 1] with labels (B,)."""
        of_generator, of_discriminator = self._optimizers
        fake = self._generator(self._latents(), labels)
        of_discriminator.zero_grad()
        real_loss = (self._discriminator(images, labels) - 1).square().mean()
        fake_loss = self._discriminator(fake.detach(), labels).square().mean()
        (real_loss / 2 + fake_loss / 2).backward()
        of_discriminator.step()
        of_generator.zero_grad()
        fake = self._generator(self._latents(), labels)
        ((self._discriminator(fake, labels) - 1).square().mean() / 2).backward()
        of_generator.step()
