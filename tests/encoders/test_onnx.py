"""The sessions that models run in."""

from encoders.onnx import one_thread_session
from encoders.speech.moonshine import embedded_folder


def test_a_session_keeps_no_memory_between_calls_and_has_one_thread() -> None:
    options = one_thread_session(embedded_folder() / "encoder_model.ort").get_session_options()
    assert not options.enable_cpu_mem_arena
    assert not options.enable_mem_pattern
    assert options.intra_op_num_threads == options.inter_op_num_threads == 1
