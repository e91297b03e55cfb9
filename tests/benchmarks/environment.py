"""What a timing depends on besides the code: machine, devices, versions."""

import importlib.metadata
import os
import pathlib
import platform
import re
import subprocess
import time

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
        "torch_threads": torch.get_num_threads(),
        "devices": {
            "keras_vae": "gpu" if backend.gpus() else "cpu",
            "jax": jax.default_backend(),
            "torch": "gpu" if torch.cuda.is_available() else "cpu",
        },
    }


def commit():
    """The checkout's commit, with `-dirty` where files differ from it; None outside of git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    folder = pathlib.Path(__file__).parent
    try:
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


class Others:
    """Watches what share of the processor's time other programs take, from now on."""

    def __init__(self):
        self.before = self._seconds()

    def share(self):
        """The share so far, of all cores; None where the system does not tell."""
        if self.before is None:
            return None
        wall, others = (
            after - before for after, before in zip(self._seconds(), self.before, strict=True)
        )
        return max(0.0, others / (wall * os.cpu_count()))

    def _seconds(self):
        statistics = pathlib.Path("/proc/stat")
        if not statistics.exists():
            return None
        user, nice, system, _, _, interrupts, soft_interrupts, steal = map(
            int, statistics.read_text().split()[1:9]
        )
        busy = user + nice + system + interrupts + soft_interrupts + steal
        own = os.times()
        return time.monotonic(), busy / os.sysconf("SC_CLK_TCK") - own.user - own.system


def processor():
    """The processor's name, family and model: virtual machines call different ones alike."""
    information = pathlib.Path("/proc/cpuinfo")
    if not information.exists():
        return platform.processor()
    fields = dict(re.findall(r"^([^\t\n]+)\t*: (.*)$", information.read_text(), re.MULTILINE))
    if "model name" not in fields:
        return platform.processor()
    numbers = [
        f"{name.split()[-1]} {fields[name]}" for name in ("cpu family", "model") if name in fields
    ]
    return " ".join([fields["model name"], *([f"({', '.join(numbers)})"] if numbers else [])])
