"""What a timing depends on besides the code: machine, devices, versions."""

import importlib.metadata
import os
import pathlib
import platform

import jax
import torch

from keras_vae._internal import backend
from keras_vae.experiments.runs import training


def versions():
    """Versions of Python and of every package that computes something."""
    others = ("jax", "jaxlib", "torch")
    return training.versions() | {name: importlib.metadata.version(name) for name in others}


def machine():
    """Processor, cores, threads and the device that each framework computes on."""
    return {
        "platform": platform.platform(),
        "processor": processor(),
        "cores": backend.cores(),
        "load_before": load_average(),
        "torch_threads": torch.get_num_threads(),
        "devices": {
            "keras_vae": "gpu" if backend.gpus() else "cpu",
            "jax": jax.default_backend(),
            "torch": "gpu" if torch.cuda.is_available() else "cpu",
        },
    }


def load_average():
    """Mean number of busy processes in the last minute, or None where it is not known."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def processor():
    """The processor's name."""
    information = pathlib.Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
