"""Makes the logs in this folder, with Inspect itself (0.3.285) and a model that says what it is told.

No test runs this. In an environment with ``inspect_ai``: ``python make.py``.
"""

import itertools
import tempfile
from pathlib import Path

from inspect_ai import Epochs, Task, eval, task
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, accuracy, grouped, mean, pattern, scorer, stderr
from inspect_ai.solver import generate, solver

HERE = Path(__file__).parent


@scorer(metrics={"clarity": [mean(), stderr()], "style": [mean()]})
def judge():
    async def score(state, target):
        if state.sample_id == "a3":
            return Score(value=float("nan"))
        return Score(value={"clarity": 0.1 * len(target.text), "style": state.sample_id == "a1"})

    return score


@scorer(metrics=[grouped(accuracy(), "level"), accuracy()])
def by_level():
    async def score(state, target):
        right = target.text in state.output.completion
        return Score(value="C" if right else "I", answer=state.output.completion[-1])

    return score


@scorer(
    metrics=[
        *(grouped(of(), "level", name_template=f"{{group_name}}_{of.__name__}") for of in (accuracy, stderr)),
        accuracy(),
    ]
)  # fmt: skip
def by_template():
    async def score(state, target):
        return Score(value="C" if state.sample_id in ("a0", "a4") else "I")

    return score


@solver
def fails(on="a2"):
    async def solve(state, generate):
        state = await generate(state)
        if state.sample_id == on:
            raise RuntimeError("the tool is down")
        return state

    return solve


@task
def owls(digits=2, templates=False):
    samples = [
        Sample(id=f"a{i}", input=f"{i}?", target=str(i % 3), metadata={"level": "easy" if i < 3 else "hard"})
        for i in range(6)
    ]  # fmt: skip
    return Task(
        dataset=samples,
        solver=[generate()],
        scorer=by_template() if templates else [pattern(r"ANSWER: (\d)"), by_level(), judge()],
    )


def says():
    for i in itertools.count():
        text = f"I think.\n\nANSWER: {i * i % 3}" if i % 5 else "I do not know 2"
        output = ModelOutput.from_content("mockllm/model", text)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        yield output


def make(name, templates=False, **options):
    model = get_model("mockllm/model", custom_outputs=says(), memoize=False)
    (made,) = eval(owls(5, templates), model=model, display="none", log_dir=tempfile.mkdtemp(), max_samples=1, **options)  # fmt: skip
    log = read_eval_log(made.location)
    log.eval.task_file, log.eval.revision = "owls.py", None
    for sample in log.samples or []:  # what is about the machine, and what is long
        sample.events, sample.messages = [], []
        if sample.error:
            sample.error.traceback = sample.error.traceback_ansi = ""
    if log.error:
        log.error.traceback = log.error.traceback_ansi = ""
    write_eval_log(log, str(HERE / name))


make("epochs.eval", epochs=Epochs(2, ["mean", "pass_at_2"]))
make("errors.eval", solver=fails(), fail_on_error=False)
make("broken-off.json", solver=fails(on="a4"), fail_on_error=True)
make("templates.json", templates=True)
