"""Every reproduction script's picture, numbers and claims, on made-up runs."""

import functools
import json

import matplotlib.image
import pytest
from made_up_runs import SCRIPTS, little_is_measured, load, made_up

from keras_vae.experiments.figures import options, plots
from keras_vae.experiments.figures.claims import INCONCLUSIVE, REPRODUCED, Claim
from keras_vae.experiments.figures.figure import add_caption, describe_figure
from keras_vae.experiments.reports import REPORTS

CLAIMS_OF_THE_REPORTS = {
    *("activity.2.1.1", "activity.2.1.2", "activity.2.2.1", "activity.2.3.1"),
    *("activity.2.4.1", "activity.2.4.2", "activity.2.5.1", "activity.2.5.2", "activity.2.5.3"),
    *("activity.3.1a.1", "activity.3.1a.2", "activity.3.1a.3", "activity.3.1a.4"),
    *("activity.3.1b.1", "activity.3.1b.2"),
    *("activity.3.1c.1", "activity.3.1c.2", "activity.3.1c.3"),
    *("activity.3.2.1", "activity.3.2.2", "activity.3.3.1"),
    *("activity.4.1.1", "activity.4.1.2", "activity.4.1.3"),
    *("activity.4.2.1", "activity.4.2.2", "activity.4.3.1"),
    *("activity.text.1", "activity.text.2", "activity.text.3", "activity.text.4"),
    "activity.text.5",
    *("understanding.3.1", "understanding.6.1"),
    *("vampprior.8.1", "vampprior.10.1", "vampprior.10.2", "vampprior.T1.1", "vampprior.T1.2"),
    *("vampprior.cost.1", "vampprior.cost.2", "vampprior.warm_up.1", "vampprior.5.1"),
    *(f"vampprior.text.{n}" for n in range(1, 8)),
    *("geometry.1.1", "geometry.2a.1", "geometry.2a.2", "geometry.2b.1", "geometry.2b.2"),
    *("geometry.3.1", "geometry.3.2", "geometry.3.3", "geometry.4.1"),
    *("geometry.5.1", "geometry.5.2"),
    *("geometry.text.1", "geometry.text.2", "geometry.text.3"),
}
WITHOUT_CLAIMS = {
    *("understanding/fig_4_random_samples", "understanding/fig_5_manifold"),
    *("vampprior/fig_4_reconstructions", "vampprior/fig_6_reconstructions"),
}
WITHOUT_TRAINING = {"geometry/fig_4_geodesics"}
# Two iterations of the classifier are too few, and meant to be.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module", autouse=True)
def little(own_cache):
    with little_is_measured():
        yield


@functools.cache
def analysed(script):
    """The script's `Figure`, the `Options`, and the `Analysis` of made-up runs."""
    figure = load(script)
    asked = options.resolve(figure.presets, preset="smoke", epochs=30, trials=2)
    trials = [figure.trial(asked, seed) for seed in asked.seeds]
    methods = {label: made_up([trial[label] for trial in trials]) for label in trials[0]}
    analysis = figure.make_analysis(methods, asked)
    return figure, asked, analysis


def test_reports_have_their_own_titles():
    begins = {name: report.title.partition(" ")[0] for name, report in REPORTS.items()}
    assert begins == {
        "activity": "Variational",
        "understanding": "Understanding",
        "vampprior": "Project:",
        "geometry": "An",
    }


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_script(script, tmp_path, digits):
    figure, asked, analysis = analysed(script)
    add_caption(figure, asked, analysis)
    width, height = analysis.picture.get_size_inches() * plots.STYLE["savefig.dpi"]
    assert height > 300 and width > 500
    with matplotlib.rc_context({"savefig.dpi": 40}):
        plots.save(analysis.picture, tmp_path / "figure.png")
    picture = matplotlib.image.imread(tmp_path / "figure.png")
    # Something is drawn on it, in other than one colour.
    assert picture[..., :3].min() < 0.5 < picture[..., :3].max()
    assert json.loads(json.dumps(analysis.data, allow_nan=False))
    # What every figure records has these names.
    described = {*describe_figure(figure, asked, {}), "made", "curves", "panel"}
    assert not described & analysis.data.keys()
    for claim in analysis.claims:
        claim.check()
        assert Claim.from_dict(json.loads(json.dumps(claim.to_dict()))).verdict == claim.verdict
    verdicts, name = {claim.kind for claim in analysis.claims}, str(script.with_suffix(""))
    expected = {REPRODUCED} if name in WITHOUT_TRAINING else {INCONCLUSIVE}
    assert verdicts == (set() if name in WITHOUT_CLAIMS else expected)
    assert script.stem.startswith(figure.name)
    assert figure.script is not None and figure.script.endswith(str(script))
    smoke = figure.presets["smoke"]
    assert (smoke.dataset, smoke.trials) == ("mnist_5k", 1)
    assert {"smoke", "quick", "paper"} <= set(figure.presets)


def test_every_claim_of_the_reports_is_judged_once(digits):
    scripts = [script for script in SCRIPTS if script.parent.name != "beyond"]
    claims = [
        claim.id
        for script in scripts
        for claim in analysed(script)[2].claims
        if not claim.extension
    ]
    assert sorted(claims) == sorted(CLAIMS_OF_THE_REPORTS)


def test_reports_have_their_own_authors():
    """As README.md and the texts name them, not one another's."""
    firsts = {
        "activity": ("Latent Space Activity", "Jesse Bettencourt"),
        "understanding": ("Understanding Variational Auto-Encoder", "Peiyun Hu"),
        "vampprior": ("Large VAE", "Francesco Zappia"),
        "geometry": ("Geometry of Latent Variables", "Alexandra Peşte"),
    }
    assert REPORTS.keys() == firsts.keys()
    for name, (title, author) in firsts.items():
        assert title in REPORTS[name].title and REPORTS[name].authors.startswith(author)


def test_pictures_of_single_models_name_the_trial_they_show():
    """Images, codes and manifolds are of one model each; curves and counts are of all trials."""
    of_one = ("shades", "reconstructions", "encodings", "manifold", "interpolations", "samples")
    of_one += ("morphing", "generations", "pseudo_inputs")
    for script in SCRIPTS:
        assert load(script).draws_first_trial is script.stem.endswith(of_one), script
