"""The profile by parts: its cases, and which part a kernel belongs to."""

import keras_vae_fit
import pytest
import where_time_goes

PROGRAM = """
  %MatMul.7 = f32[100,200]{1,0} custom-call(%a, %b), metadata={op_name="encoder_1/dense_0/MatMul"}
  ROOT %select_fusion = f32[100,200]{1,0} fusion(%c), metadata={op_name="decoder_1/Softplus"}
  %copy.3 = f32[200]{0} copy(%d)
"""


def test_every_case_is_a_run():
    cases = keras_vae_fit.run_specs("mnist")
    assert set(where_time_goes.CASES) <= cases.keys()
    assert len({spec.run_id for spec in cases.values()}) == len(cases)


def test_kernels_have_the_names_of_their_operations(tmp_path):
    (tmp_path / "module_1.fused_steps_1.after_optimizations.txt").write_text(PROGRAM)
    (tmp_path / "module_1.fused_steps_1.before_optimizations.txt").write_text("%x = f32[] add(%y)")
    assert where_time_goes.kernel_names(tmp_path) == {
        "MatMul.7": "encoder_1/dense_0/MatMul",
        "select_fusion": "decoder_1/Softplus",
        "copy.3": "copy.3",
    }


@pytest.mark.parametrize(
    "kernel, operation, part",
    [
        ("MatMul.7", "encoder_1/dense_0/MatMul", "matrix products"),
        ("divide_fusion", "adam/AssignSubVariableOp", "Adam"),
        ("concatenate_fusion", "stateless_random_normal/StatelessRandomNormalV2", "noise"),
        ("negate_sqrt_fusion", "erfinv/Erfinv", "noise"),
        ("exponential_fusion", "LogitBernoulli/log_prob/Exp", "Bernoulli density"),
        ("select_fusion", "decoder_1/Softplus", "activations of hidden layers"),
        ("copy.3", "copy.3", "other parts"),
    ],
)
def test_the_part_that_a_kernel_belongs_to(kernel, operation, part):
    assert where_time_goes.part_of(kernel, operation) == part
