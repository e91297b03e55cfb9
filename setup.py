"""Package metadata of keras_vae."""

import pathlib
import re

from setuptools import find_namespace_packages, find_packages, setup

# The scripts are no package, but an installation without this folder has to find them.
SCRIPTS = "keras_vae._reproductions"
SCRIPT_FOLDERS = find_namespace_packages("reproductions", exclude=["*__pycache__*"])

# Read and not imported: the package's requirements are not installed yet.
SOURCE = pathlib.Path(__file__).with_name("keras_vae") / "__init__.py"
(VERSION,) = re.findall(r'^__version__ = "(.+)"$', SOURCE.read_text(encoding="utf-8"), re.MULTILINE)


def description() -> str:
    """The README without what an index of packages cannot show: pictures and other files."""
    text = pathlib.Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    text = re.sub(r"## Gallery\n.*?(?=## )", "", text, flags=re.DOTALL)
    text = re.sub(r"^!\[.*\n+.*\n+", "", text, flags=re.MULTILINE)
    return re.sub(r"\[([^]]+)\]\((?!https?:)[^)]*\)", r"\1", text)


setup(
    name="keras-vae",
    version=VERSION,
    description="Variational auto-encoders in Keras 3 and TensorFlow Probability: "
    "reports reproduced, figure by figure",
    long_description=description(),
    long_description_content_type="text/markdown",
    packages=[
        *find_packages(include=["keras_vae", "keras_vae.*"]),
        SCRIPTS,
        *(f"{SCRIPTS}.{folder}" for folder in SCRIPT_FOLDERS),
    ],
    package_dir={SCRIPTS: "reproductions"},
    entry_points={"console_scripts": ["keras-vae = keras_vae.cli:main"]},
    package_data={
        SCRIPTS: ["catalogue.json"],
        "keras_vae": ["py.typed"],
        "keras_vae.datasets.frey_faces": ["checksums.tsv"],
        "keras_vae.experiments.figures": ["original_curves/*.json"],
        "keras_vae.experiments.page": ["templates/*"],
    },
    python_requires=">=3.11,<3.14",
    install_requires=[
        "tensorflow>=2.20",
        "keras>=3.11",
        "tensorflow-probability>=0.25",
        "tf_keras>=2.20.1",
        "tensorflow-datasets>=4.9.10",
        "importlib_resources>=6.0",
        "numpy>=2.0",
        "mlxtend>=0.23",
        "matplotlib>=3.9",
        "pillow>=10.3",
        "scikit-learn>=1.6",
        "scipy>=1.13",
        "joblib>=1.5",
        "jinja2>=3.1",
        "rich>=13.7",
        "platformdirs>=4.2",
        "filelock>=3.13",
        # TensorFlow Probability 0.25 imports distutils, which left the standard library.
        "setuptools>=70; python_version >= '3.12'",
    ],
    extras_require={
        "test": [
            *("pytest>=8.0", "pytest-xdist>=3.6.1", "tensorboard>=2.20"),
            *("tf2onnx>=1.17", "onnxruntime>=1.20"),
        ],
        # What .ci/run checks with, as .ruff.toml and .mypy.ini say.
        "lint": ["mypy==2.4.1", "ruff==0.17.6"],
        "tensorboard": ["tensorboard>=2.20"],
        "onnx": ["tf2onnx>=1.17", "onnxruntime>=1.20"],
        "dask": ["distributed>=2024.8"],
        "gpu": ["tensorflow[and-cuda]>=2.20"],
        "benchmark": ["jax>=0.7", "torch>=2.6"],
    },
)
