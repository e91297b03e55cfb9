"""Pictures of the page: their sizes, smaller copies, and copies of a user's originals."""

import dataclasses
import hashlib
import io
import pathlib
import re
import shutil
import urllib.parse

from PIL import Image, features

from keras_vae._internal.files import JsonObject, atomic_write
from keras_vae.experiments.figures import originals, plots
from keras_vae.experiments.figures.originals import Original, OriginalsError
from keras_vae.experiments.figures.results import add_to_data

# Where the page keeps its copies of a user's originals, below the results.
ORIGINALS = "originals"
# What a WebP file of ours has in its metadata.
DIGEST = re.compile(rb"[0-9a-f]{64}")
# Wider than this, two pictures are shown one above the other.
WIDE = 1.5


@dataclasses.dataclass(frozen=True)
class Shown:
    """A picture as the page refers to it.

    Attributes:
        address: Its address from the page, quoted.
        width: In pixels.
        height: In pixels.
        webp: Address of a smaller file of the same pixels, or None.
    """

    address: str
    width: int
    height: int
    webp: str | None = None

    @property
    def is_wide(self) -> bool:
        """Whether it needs the page's whole width."""
        return self.width > WIDE * self.height


def show(path: pathlib.Path, folder: pathlib.Path, notes: list[str]) -> Shown | None:
    """One of our pictures, below the page's folder; None if there is none, or it is damaged.

    Arguments:
        path: A PNG file. A WebP file of its pixels is shown in its place if there is one.
        folder: The page's folder.
        notes: List that a note on a missing or damaged picture is added to.
    """
    if not path.is_file():
        notes.append(f"{path.name} is missing.")
        return None
    try:
        width, height = originals.picture_size(path, ("PNG",))
    except OriginalsError as error:
        notes.append(f"{path.name} is damaged ({error}).")
        return None
    webp = path.with_suffix(".webp")
    smaller = _address(webp, folder) if _is_of(webp, path) else None
    return Shown(_address(path, folder), width, height, smaller)


def renew_webp(path: pathlib.Path) -> None:
    """Writes a picture's pixels as WebP beside it where that is smaller, and removes an old one.

    Arguments:
        path: A PNG file.
    """
    webp = path.with_suffix(".webp")
    if not path.is_file() or not features.check("webp") or _is_of(webp, path):
        return
    if webp.exists() and DIGEST.fullmatch(_digest_in(webp)) is None:
        # Somebody else's: it stays, and the page shows the PNG file.
        return
    webp.unlink(missing_ok=True)
    file = io.BytesIO()
    try:
        pixels = originals.decode_picture(path, ("PNG",)).convert("RGB")
        pixels.save(file, "WEBP", lossless=True, method=4, xmp=_digest(path))
    except (OSError, ValueError, OriginalsError):
        # The page says so of the picture itself.
        return
    if len(file.getvalue()) < path.stat().st_size:
        with atomic_write(webp) as written:
            written.write(file.getvalue())


def _is_of(webp: pathlib.Path, path: pathlib.Path) -> bool:
    """Whether a WebP file was made of a picture as it is now."""
    return _digest_in(webp) == _digest(path)


def _digest_in(webp: pathlib.Path) -> bytes:
    """The digest of the picture that a WebP file was made of; empty if it is none of ours."""
    try:
        with Image.open(webp, formats=("WEBP",)) as picture:
            return bytes(picture.info.get("xmp", b""))
    except (OSError, ValueError, TypeError, SyntaxError, Image.DecompressionBombError):
        return b""


def _digest(path: pathlib.Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).hexdigest().encode()


def _address(path: pathlib.Path, folder: pathlib.Path) -> str:
    return urllib.parse.quote(path.relative_to(folder).as_posix())


@dataclasses.dataclass(frozen=True)
class ShownOriginal:
    """A user's original as the page shows it.

    Attributes:
        picture: Copy of the picture, or None.
        curves: Picture of our curves with the digitised ones, or None.
        differences: Ours less theirs, as `originals.compare_curves` returns them.
        problems: What is wrong with the names of curves.
    """

    picture: Shown | None
    curves: Shown | None
    differences: list[JsonObject]
    problems: list[str]


def show_original(
    original: Original, name: str, curves: list[JsonObject], folder: pathlib.Path
) -> ShownOriginal:
    """Copies a user's original below the page's folder, and draws its curves with ours.

    The curves' differences go into the figure's `data.json`.

    Arguments:
        original: What the user has.
        name: Name of the figure.
        curves: Our curves, as `data.json` has them.
        folder: The page's folder.

    Raises:
        OSError: If something cannot be written.
    """
    copies = folder / ORIGINALS
    picture = drawn = None
    if original.picture is not None:
        copy = copies / f"{name}{original.picture.suffix.lower()}"
        copy.parent.mkdir(parents=True, exist_ok=True)
        if copy.resolve() != original.picture.resolve():
            shutil.copyfile(original.picture, copy)
        picture = Shown(_address(copy, folder), *original.size)
    if not original.curves:
        return ShownOriginal(picture, None, [], [])
    if not curves:
        problem = (
            "they cannot be drawn with ours, which are not recorded; keras-vae reproduce "
            f"{name} records them"
        )
        return ShownOriginal(picture, None, [], [problem])
    differences, problems = originals.compare_curves(curves, original.curves)
    if differences:
        path = copies / f"{name}_curves.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            plots.save(originals.draw_curves(curves, original.curves), file)
        drawn = show(path, folder, [])
        add_to_data(folder / name, against_your_original=differences)
    return ShownOriginal(picture, drawn, differences, problems)
