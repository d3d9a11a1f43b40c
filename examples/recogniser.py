"""Train a recogniser of a store's characters: `python examples/recogniser.py STORE EPOCHS`."""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader

import hanzi_lsgan

store, epochs = sys.argv[1], int(sys.argv[2])
torch.manual_seed(0)
train, test = (hanzi_lsgan.dataset(store, split=split) for split in ("train", "test"))
layers: list[nn.Module] = []
for channels in (32, 64, 128):
    layers += [nn.LazyConv2d(channels, 3, padding=1), nn.LazyBatchNorm2d(), nn.ReLU()]
    layers += [nn.MaxPool2d(2)]
model = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.LazyLinear(len(train.classes)))
model(train[0][0].unsqueeze(0))  # settles the sizes
optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
for epoch in range(epochs):
    for images, labels in DataLoader(train, batch_size=64, shuffle=True):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    model.eval()
    with torch.inference_mode():
        batches = DataLoader(test, batch_size=256)
        right = sum(int((model(x).argmax(1) == y).sum()) for x, y in batches)
    model.train()
    share = right / len(test)
    print(f"epoch {epoch + 1}: {share:.1%} of {len(test):,} test samples read right")
