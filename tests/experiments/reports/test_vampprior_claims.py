"""When each claim of the vampprior report counts, on both sides of every boundary of its rule."""

import dataclasses
import types

import numpy as np
import pytest

from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.figures.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from keras_vae.experiments.reports.vampprior.figures import by_dataset
from keras_vae.experiments.reports.vampprior.protocol import run_spec

VAE, VAMPPRIOR, HVAE, WITHOUT = "VAE", "VampPrior", "HVAE", "VAE without warm-up"
# The report's own epochs, as its Section 3.1 and Section 3.2 give them.
EPOCHS = {
    "mnist": {VAE: 200, VAMPPRIOR: 200, HVAE: 300, WITHOUT: 200},
    "frey_faces": {VAE: 200, VAMPPRIOR: 200, HVAE: 400, WITHOUT: 200},
    "fashion_mnist": {VAE: 300, VAMPPRIOR: 200, HVAE: 100, WITHOUT: 300},
}
TWO_BEYOND_MNIST = ("frey_faces", "fashion_mnist")
NEEDED = {
    "vampprior.T1.1": {"mnist": (VAE, VAMPPRIOR, HVAE)},
    "vampprior.T1.2": dict.fromkeys(TWO_BEYOND_MNIST, (VAE, VAMPPRIOR, HVAE)),
    "vampprior.8.1": {"mnist": (VAE, VAMPPRIOR)},
    "vampprior.10.1": {"mnist": (VAE, HVAE)},
    "vampprior.10.2": {"frey_faces": (VAE, VAMPPRIOR, HVAE)},
    "vampprior.warm_up.1": dict.fromkeys(EPOCHS, (VAE, WITHOUT)),
}


table = load_script("vampprior/table_1_log_likelihood.py")
figure_8 = load_script("vampprior/fig_8_generations.py")
figure_10 = load_script("vampprior/fig_10_generations.py")
warm_up = load_script("vampprior/warm_up.py")
cost = load_script("vampprior/cost_per_epoch.py")


def judge_table(differences, methods):
    return table.judge({"differences": differences, "runs": by_dataset(methods)}, None)


def measure_table_differences(methods):
    return {model: table.differences(by_dataset(methods), model) for model in (VAE, HVAE)}


def judge_figure_8(distances, methods):
    return figure_8.judge({"distances": distances, "methods": methods}, None)


def judge_figure_10(distances, methods):
    return figure_10.judge({"distances": distances, "methods": methods}, None)


def judge_warm_up(ended_with, methods):
    return warm_up.judge({"ended_with": ended_with, "runs": by_dataset(methods)}, None)


def judge_cost(milliseconds, dataset):
    options = types.SimpleNamespace(dataset=dataset)
    (claim,) = cost.judge({"milliseconds": milliseconds}, options)
    return claim


def find(claims, identity):
    (claim,) = (claim for claim in claims if claim.id == identity)
    return claim


def trained(dataset, model, trials=2):
    """Runs as long as the report's, of two trials."""
    epochs = EPOCHS[dataset][model]
    return types.SimpleNamespace(
        specs=[run_spec(dataset, seed, model) for seed in range(trials)],
        epochs=epochs,
        weights_epochs=[epochs] * trials,
    )


def all_trained(datasets=tuple(EPOCHS), models=(VAE, VAMPPRIOR, HVAE, WITHOUT)):
    return {
        f"{dataset}/{model}": trained(dataset, model) for dataset in datasets for model in models
    }


def value(mean, standard_error=1.0):
    return {"mean": mean, "standard_error": standard_error}


def differences(best, others):
    """What the table's claims are judged by: the other models' differences from each best one."""
    other = {VAE: HVAE, HVAE: VAE}[best]
    return {
        best: dict.fromkeys(EPOCHS, others),
        other: {dataset: {VAMPPRIOR: value(0.0), best: value(0.0)} for dataset in EPOCHS},
    }


BEST = {"vampprior.T1.1": VAE, "vampprior.T1.2": HVAE}


def others_of(best, first, second):
    models = [model for model in (VAE, VAMPPRIOR, HVAE) if model != best]
    return dict(zip(models, (first, second), strict=True))


@pytest.mark.parametrize("identity", BEST)
@pytest.mark.parametrize(
    "first, second, verdict",
    [
        (value(-9.0), value(-9.0), REPRODUCED),
        (value(-2.0), value(-9.0), REPRODUCED),
        (value(-9.0), value(-2.0), REPRODUCED),
        (value(-1.99), value(-9.0), NOT_REPRODUCED),
        (value(-9.0), value(-1.99), NOT_REPRODUCED),
        (value(-9.0, 4.6), value(-9.0), NOT_REPRODUCED),
        (value(9.0), value(9.0), NOT_REPRODUCED),
    ],
)
def test_the_best_log_likelihood_is_two_errors_above_every_other(identity, first, second, verdict):
    best = BEST[identity]
    found = differences(best, others_of(best, first, second))
    claim = find(judge_table(found, all_trained()), identity)
    assert claim.kind == verdict and claim.unmet == ()
    assert list(claim.readings[0].values) == [f"other - {best}"]
    assert list(claim.readings[0].values[f"other - {best}"]) == list(NEEDED[identity])
    assert "2 standard errors" in claim.readings[0].rule


@pytest.mark.parametrize("worse", TWO_BEYOND_MNIST)
def test_the_hierarchical_model_has_to_be_best_on_both_data_sets(worse):
    found = differences(HVAE, others_of(HVAE, value(-9.0), value(-9.0)))
    found[HVAE][worse] = others_of(HVAE, value(-9.0), value(0.0))
    claim = find(judge_table(found, all_trained()), "vampprior.T1.2")
    assert claim.kind == NOT_REPRODUCED
    # MNIST has no part in it.
    found = differences(HVAE, others_of(HVAE, value(-9.0), value(-9.0)))
    found[HVAE]["mnist"] = others_of(HVAE, value(9.0), value(9.0))
    claim = find(judge_table(found, all_trained()), "vampprior.T1.2")
    assert claim.kind == REPRODUCED


@pytest.mark.parametrize("identity", BEST)
@pytest.mark.parametrize("beaten_on", range(2))
@pytest.mark.parametrize(
    "mean, beaten", [(2.0, True), (1.99, False), (-9.0, False)], ids=["at", "below", "best"]
)
def test_a_model_that_is_beaten_needs_no_longer_runs_of_the_others(
    identity, beaten_on, mean, beaten
):
    best, about = BEST[identity], list(NEEDED[identity])
    found = differences(best, others_of(best, value(-9.0), value(-9.0)))
    found[best][about[beaten_on % len(about)]] = others_of(best, value(-9.0), value(mean))
    methods = all_trained()
    for model in others_of(best, None, None):
        for dataset in about:
            methods[f"{dataset}/{model}"].epochs = 10
            methods[f"{dataset}/{model}"].weights_epochs = [10, 10]
    claim = find(judge_table(found, methods), identity)
    assert claim.kind == (NOT_REPRODUCED if beaten else INCONCLUSIVE)
    assert len(claim.unmet) == (0 if beaten else 2 * len(about))
    # Its own have to be as long as the report's.
    for dataset in about:
        methods[f"{dataset}/{best}"].epochs -= 1
        methods[f"{dataset}/{best}"].weights_epochs = [methods[f"{dataset}/{best}"].epochs] * 2
    claim = find(judge_table(found, methods), identity)
    assert claim.kind == INCONCLUSIVE and len(claim.unmet) == (1 if beaten else 3) * len(about)


def test_a_claim_about_two_data_sets_is_not_decided_by_one():
    found = differences(HVAE, others_of(HVAE, value(-9.0), value(-9.0)))
    for missing in TWO_BEYOND_MNIST:
        there = {name: of for name, of in found[HVAE].items() if name != missing}
        methods = all_trained(tuple(there))
        claim = find(judge_table({**found, HVAE: there}, methods), "vampprior.T1.2")
        assert (
            claim.readings[0].holds is None
            and claim.readings[0].values["other - HVAE"][missing] is None
        )
        assert claim.unmet == (f"measured on {', '.join(there)}, the claim is about {missing}",)


def with_log_likelihoods(methods, **per_image):
    """First trials' images have these log-likelihoods; second trials would turn the verdict."""
    for model, values in per_image.items():
        for dataset in EPOCHS:
            methods[f"{dataset}/{model}"].log_likelihood = [
                {"per_image": values},
                {"per_image": [-300 - each for each in values]},
            ]
    return methods


def test_differences_are_taken_image_by_image_in_the_first_trial():
    # The models differ by 2 +- 1 nats, the images by far more.
    per_image = {VAE: [-100.0, -300.0], VAMPPRIOR: [-101.0, -303.0], HVAE: [-102.0, -308.0]}
    models = tuple(per_image)
    methods = with_log_likelihoods(all_trained(models=models), **per_image)
    found = measure_table_differences(methods)
    for dataset in EPOCHS:
        assert found[VAE][dataset] == {
            VAMPPRIOR: value(-2.0, pytest.approx(1.0)),
            HVAE: value(-5.0, pytest.approx(3.0)),
        }
        assert found[HVAE][dataset] == {
            VAE: value(5.0, pytest.approx(3.0)),
            VAMPPRIOR: value(3.0, pytest.approx(2.0)),
        }


NEAR, FAR = (value(5.0, 3.0), value(50.0, 3.0)), (value(15.0, 4.0), value(60.0, 4.0))
NEARLY_AS_FAR = (value(14.99, 4.0), value(59.99, 4.0))


def distances(frechet, nearest):
    return {"frechet_distance": frechet, "distance_from_nearest_images": nearest}


SAMPLES = [
    # Errors of 3 and 4 make one of 5: two of them lie between 5 and 15, and between 50 and 60.
    (NEAR[0], NEAR[1], FAR[0], FAR[1], REPRODUCED),
    (NEAR[0], NEAR[1], NEARLY_AS_FAR[0], FAR[1], NOT_REPRODUCED),
    (NEAR[0], NEAR[1], FAR[0], NEARLY_AS_FAR[1], NOT_REPRODUCED),
    (FAR[0], FAR[1], NEAR[0], NEAR[1], NOT_REPRODUCED),
    (NEAR[0], FAR[1], FAR[0], NEAR[1], NOT_REPRODUCED),
    (FAR[0], NEAR[1], NEAR[0], FAR[1], NOT_REPRODUCED),
    (NEAR[0], NEAR[1], NEAR[0], NEAR[1], NOT_REPRODUCED),
]


@pytest.mark.parametrize("frechet, nearest, far_frechet, far_nearest, verdict", SAMPLES)
def test_samples_are_better_if_both_distances_are_two_errors_smaller(
    frechet, nearest, far_frechet, far_nearest, verdict
):
    better, worse = distances(frechet, nearest), distances(far_frechet, far_nearest)
    far = distances(value(900.0), value(900.0))
    methods = all_trained(models=(VAE, VAMPPRIOR))
    measured = {name: {VAE: worse, VAMPPRIOR: better} for name in EPOCHS}
    vamp = find(judge_figure_8(measured, methods), "vampprior.8.1")
    methods = all_trained(models=(VAE, VAMPPRIOR, HVAE))
    measured = {name: {VAE: better, VAMPPRIOR: far, HVAE: worse} for name in EPOCHS}
    poor = find(judge_figure_10(measured, methods), "vampprior.10.1")
    assert vamp.kind == poor.kind == verdict
    assert vamp.readings[0].values == {"mnist": {VAE: worse, VAMPPRIOR: better}}
    assert poor.readings[0].values == {"mnist": measured["mnist"]}
    for models in ((far, worse), (worse, far)):
        measured = {name: {VAE: far, VAMPPRIOR: far, HVAE: better} for name in EPOCHS}
        measured["frey_faces"] = dict(zip((VAE, VAMPPRIOR), models, strict=True))
        measured["frey_faces"][HVAE] = better
        best = find(judge_figure_10(measured, methods), "vampprior.10.2")
        assert best.kind == verdict
        assert best.readings[0].values == {"frey_faces": measured["frey_faces"]}
    assert all("2 standard errors" in claim.readings[0].rule for claim in (vamp, poor, best))


def test_samples_are_judged_on_the_claims_own_data_set():
    near, far = distances(*NEAR), distances(*FAR)
    methods = all_trained(models=(VAE, VAMPPRIOR, HVAE))
    as_claimed = {"mnist": {VAE: far, VAMPPRIOR: near}, "frey_faces": {VAE: near, VAMPPRIOR: far}}
    assert find(judge_figure_8(as_claimed, methods), "vampprior.8.1").kind == REPRODUCED
    as_claimed = {
        "mnist": {VAE: near, VAMPPRIOR: far, HVAE: far},
        "frey_faces": {VAE: far, VAMPPRIOR: far, HVAE: near},
        "fashion_mnist": {VAE: near, VAMPPRIOR: near, HVAE: near},
    }
    claims = judge_figure_10(as_claimed, methods)
    assert [(claim.id, claim.kind) for claim in claims] == [
        ("vampprior.10.1", REPRODUCED),
        ("vampprior.10.2", REPRODUCED),
    ]
    for claim in judge_figure_10({}, all_trained(("fashion_mnist",))):
        assert claim.readings[0].holds is None and claim.kind == INCONCLUSIVE


def ended_with(with_warm_up, without):
    """The endings of both kinds of run, of which the claim is about the reconstruction."""
    decoys = [value(-900.0), value(900.0)]
    return {
        model: {"kl": decoy, "reconstruction": reconstruction, "bound": decoy}
        for model, reconstruction, decoy in zip(
            (VAE, WITHOUT), (with_warm_up, without), decoys, strict=True
        )
    }


WARM_UP = [
    (value(-50.0), value(-55.0), REPRODUCED),
    (value(-49.5, 0.0), value(-50.0, 0.0), REPRODUCED),
    (value(-49.51, 0.0), value(-50.0, 0.0), NOT_REPRODUCED),
    (value(-40.0, 3.0), value(-50.0, 4.0), REPRODUCED),
    (value(-40.01, 3.0), value(-50.0, 4.0), NOT_REPRODUCED),
    (value(-55.0), value(-50.0), NOT_REPRODUCED),
]


@pytest.mark.parametrize("dataset", EPOCHS)
@pytest.mark.parametrize("with_warm_up, without, verdict", WARM_UP)
def test_warm_up_is_needed_if_reconstruction_gains_half_a_nat_and_two_errors_everywhere(
    dataset, with_warm_up, without, verdict
):
    measured = {name: ended_with(value(-50.0), value(-60.0)) for name in EPOCHS}
    measured[dataset] = ended_with(with_warm_up, without)
    claim = find(judge_warm_up(measured, all_trained()), "vampprior.warm_up.1")
    assert claim.kind == verdict
    gain = claim.readings[0].values["reconstruction_gain"][dataset]
    assert gain["mean"] == with_warm_up["mean"] - without["mean"]
    assert claim.readings[0].values["ended_with"] == measured
    assert "0.5 nats and 2 standard errors" in claim.readings[0].rule


def claims_that_hold(methods):
    """Every claim of trained runs by id, with numbers that bear it out."""

    def runs_of(*models):
        return {label: runs for label, runs in methods.items() if label.split("/")[1] in models}

    datasets = dict.fromkeys(label.split("/")[0] for label in methods)
    near, far = distances(*NEAR), distances(*FAR)
    lower = {
        best: {name: others_of(best, value(-9.0), value(-9.0)) for name in datasets}
        for best in (VAE, HVAE)
    }
    vamp_is_best = {name: {VAE: far, VAMPPRIOR: near} for name in datasets}
    hierarchical = {name: {VAE: near, VAMPPRIOR: far, HVAE: far} for name in datasets}
    if "frey_faces" in datasets:
        hierarchical["frey_faces"] = {VAE: far, VAMPPRIOR: far, HVAE: near}
    ended = {name: ended_with(value(-50.0), value(-60.0)) for name in datasets}
    claims = [
        *judge_table(lower, runs_of(VAE, VAMPPRIOR, HVAE)),
        *judge_figure_8(vamp_is_best, runs_of(VAE, VAMPPRIOR)),
        *judge_figure_10(hierarchical, runs_of(VAE, VAMPPRIOR, HVAE)),
        *judge_warm_up(ended, runs_of(VAE, WITHOUT)),
    ]
    return {claim.id: claim for claim in claims}


def shorter(runs):
    runs.epochs -= 1
    runs.weights_epochs = [runs.epochs] * 2
    return "{dataset}: {model} {one_less} of {epochs} epochs"


def one_epoch_longer(runs):
    runs.epochs += 1
    runs.weights_epochs = [runs.epochs] * 2


def first_trial_longer(runs):
    runs.weights_epochs = [runs.epochs + 1, runs.epochs]
    return "{dataset}: weights of {model} after [{epochs}, {one_more}]"


def second_trial_longer(runs):
    runs.weights_epochs = [runs.epochs, runs.epochs + 1]
    return "{dataset}: weights of {model} after [{epochs}, {one_more}]"


def second_trial_another(runs):
    model = dataclasses.replace(runs.specs[1].model, latent_dim=39)
    runs.specs[1] = dataclasses.replace(runs.specs[1], model=model)
    return "{dataset}: {model} has another prior than the report's"


CHANGES = (shorter, one_epoch_longer, first_trial_longer, second_trial_longer, second_trial_another)


@pytest.mark.parametrize("change", CHANGES)
def test_a_claim_needs_the_reports_runs_of_its_models_and_of_no_others(change):
    kept = claims_that_hold(all_trained())
    assert list(kept) == list(NEEDED)
    assert {claim.kind for claim in kept.values()} == {REPRODUCED}
    for label, runs in (methods := all_trained()).items():
        dataset, model = label.split("/")
        before, epochs = vars(runs).copy(), runs.epochs
        before["specs"] = list(runs.specs)
        reason = change(runs)
        expected = (
            ()
            if reason is None
            else (
                reason.format(
                    dataset=dataset,
                    model=model,
                    epochs=epochs,
                    one_less=epochs - 1,
                    one_more=epochs + 1,
                ),
            )
        )
        for identity, claim in claims_that_hold(methods).items():
            unmet = expected if model in NEEDED[identity].get(dataset, ()) else ()
            assert claim.unmet == unmet, (label, identity)
            assert claim.kind == (INCONCLUSIVE if unmet else REPRODUCED)
        vars(runs).update(before)


@pytest.mark.parametrize("missing", EPOCHS)
def test_a_claim_needs_its_data_sets(missing):
    there = tuple(name for name in EPOCHS if name != missing)
    for identity, claim in claims_that_hold(all_trained(there)).items():
        reason = f"measured on {', '.join(there)}, the claim is about {missing}"
        assert claim.unmet == ((reason,) if missing in NEEDED[identity] else ())
        assert claim.kind == (INCONCLUSIVE if missing in NEEDED[identity] else REPRODUCED)


@pytest.mark.parametrize(
    "vae, vamp, hvae, verdict",
    [
        ([50.0] * 3, [51.0] * 3, [100.0] * 3, REPRODUCED),
        ([50.0] * 3, [50.99] * 3, [100.0] * 3, NOT_REPRODUCED),
        ([50.0] * 3, [100.0] * 3, [102.0] * 3, REPRODUCED),
        ([50.0] * 3, [100.0] * 3, [101.99] * 3, NOT_REPRODUCED),
        ([50.0] * 3, [49.0] * 3, [100.0] * 3, NOT_REPRODUCED),
        # Ratios of 2, 1 and 1: their mean is more than their median.
        ([1.0, 2.0, 4.0], [2.0, 2.0, 4.0], [9.0] * 3, NOT_REPRODUCED),
        # Ratios of 0.1, 2 and 2: their median is 2, the medians' ratio is 1.
        ([10.0, 4.0, 2.0], [1.0, 8.0, 4.0], [20.0] * 3, REPRODUCED),
    ],
)
def test_costs_rise_by_two_per_cent_in_the_median_round(vae, vamp, hvae, verdict):
    costs = {VAE: vae, "a mixture": [1.0] * 3, VAMPPRIOR: vamp, HVAE: hvae}
    milliseconds = {name: np.array(values) for name, values in costs.items()}
    for dataset in EPOCHS:
        claim = judge_cost(milliseconds, dataset)
        assert claim.id == "vampprior.cost.1" and claim.kind == verdict
    assert claim.readings[0].values == {
        "VampPrior / VAE": np.median(milliseconds[VAMPPRIOR] / milliseconds[VAE]),
        "HVAE / VampPrior": np.median(milliseconds[HVAE] / milliseconds[VAMPPRIOR]),
    }
    claim = judge_cost(milliseconds, "mnist_5k")
    assert claim.kind == INCONCLUSIVE and claim.unmet == ("measured on mnist_5k",)
    assert "1.02" in claim.readings[0].rule and "7 rounds" in claim.readings[0].rule
