"""A VAE and its training epoch in plain eager PyTorch."""

import math

import torch
from architecture import (
    BATCH_SIZE,
    BETA_1,
    BETA_2,
    EPSILON,
    HIDDEN_UNITS,
    LATENT_DIM,
    LEARNING_RATE,
    PIXELS,
)
from torch import nn


class VAE(nn.Module):
    """Encoder and decoder with two hidden layers each."""

    def __init__(self):
        super().__init__()
        self.encoder = hidden_layers(PIXELS)
        self.loc = nn.Linear(HIDDEN_UNITS, LATENT_DIM)
        self.log_variance = nn.Linear(HIDDEN_UNITS, LATENT_DIM)
        self.decoder = hidden_layers(LATENT_DIM)
        self.logits = nn.Linear(HIDDEN_UNITS, PIXELS)
        for layer in self.linear_layers():
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def linear_layers(self):
        """The linear layers, in the order of `architecture.LAYERS`."""
        heads = [self.loc, self.log_variance]
        return [*self.encoder[::2], *heads, *self.decoder[::2], self.logits]

    def assign(self, layers):
        """Takes over pairs of kernel and bias, NumPy arrays in the order of `linear_layers`."""
        with torch.no_grad():
            for layer, (kernel, bias) in zip(self.linear_layers(), layers, strict=True):
                # PyTorch keeps its kernels transposed.
                layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
                layer.bias.copy_(torch.from_numpy(bias.copy()))

    def loss(self, images, noise):
        """The negative bound in nats per image, with the arguments of `jax_vae.loss`."""
        hidden = self.encoder(images)
        loc, log_variance = self.loc(hidden), self.log_variance(hidden)
        z = loc + torch.exp(0.5 * log_variance) * noise
        logits = self.logits(self.decoder(z))
        log_likelihood = (images * logits - nn.functional.softplus(logits)).sum(-1)
        if len(noise) == 1:
            kl = 0.5 * (log_variance.exp() + loc**2 - 1 - log_variance).sum(-1)
            return (kl - log_likelihood).mean()
        log_ratio = 0.5 * (log_variance + noise**2 - z**2).sum(-1)
        bound = torch.logsumexp(log_likelihood + log_ratio, dim=0) - math.log(len(noise))
        return -bound.mean()


def hidden_layers(inputs):
    """Two softplus layers."""
    return nn.Sequential(
        nn.Linear(inputs, HIDDEN_UNITS),
        nn.Softplus(),
        nn.Linear(HIDDEN_UNITS, HIDDEN_UNITS),
        nn.Softplus(),
    )


def adam(model):
    """The optimiser; PyTorch corrects the second moment's bias before it adds epsilon."""
    betas = (BETA_1, BETA_2)
    return torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, betas=betas, eps=EPSILON)


class Trainer:
    """Trains one epoch at each call, on a GPU if PyTorch has one.

    Arguments:
        images: Binary float32 array of shape (N, pixels).
        num_samples: Number of samples of q per image.
        seed: Integer.
    """

    def __init__(self, images, num_samples, seed=0):
        torch.manual_seed(seed)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = VAE().to(self.device)
        self.optimizer = adam(self.model)
        self.images = torch.as_tensor(images, device=self.device)
        self.num_samples = num_samples

    def __call__(self):
        steps = len(self.images) // BATCH_SIZE
        order = torch.randperm(len(self.images), device=self.device)[: steps * BATCH_SIZE]
        shape = (self.num_samples, BATCH_SIZE, LATENT_DIM)
        total = torch.zeros((), device=self.device)
        for indices in order.view(steps, BATCH_SIZE):
            self.optimizer.zero_grad()
            loss = self.model.loss(self.images[indices], torch.randn(shape, device=self.device))
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        return total.item() / steps
