"""Searches the policy that takes the least energy and loses no more than an allowed error rate:
Optuna asks for points in batches, and `edgeval serve` answers them (docs/formats/serve.md).

    python3 docs/formats/serve_optuna.py --allowed 1.0 -- build/edgeval serve \
        --model datasets/spoken/speech-blstm3x128.safetensors --data datasets/spoken \
        --policy datasets/spoken/skip_delta.yaml --hardware reuse32
"""
import argparse
import json
import subprocess
import warnings

import optuna

KEYS_OF_DELTA = ("operand.threshold_x", "operand.threshold_h")


class Serve:
    """A process of `edgeval serve` with its pipes."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.greeting = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"edgeval serve ended with exit code {self.process.wait()}")
        return json.loads(line)

    def answers(self, questions):
        """Writes all questions at once, so that they run together, and reads their answers."""
        self.process.stdin.write("".join(json.dumps(each) + "\n" for each in questions))
        self.process.stdin.flush()
        return [self.read() for _ in questions]

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def point_of(trial):
    point = {"plan.threshold": trial.suggest_float("plan.threshold", 0.6, 1.0)}
    threshold = trial.suggest_float("operand.threshold", 0.02, 0.3, log=True)
    point.update(dict.fromkeys(KEYS_OF_DELTA, threshold))
    return point


def constraints(trial):
    """Positive where more is lost than is allowed."""
    return (trial.user_attrs["excess"],)


def search(serve, arguments):
    dense = serve.greeting["dense"]
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(
        seed=arguments.seed, n_startup_trials=arguments.batch, constant_liar=True,
        constraints_func=constraints))
    while len(study.trials) < arguments.trials:
        trials = [study.ask() for _ in range(arguments.batch)]
        questions = [{"id": trial.number, "point": point_of(trial)} for trial in trials]
        for trial, question, answer in zip(trials, questions, serve.answers(questions)):
            if "error" in answer:
                print(f"trial {answer['id']}: {answer['error']}")
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            loss = answer[arguments.metric] - dense[arguments.metric]
            trial.set_user_attr("excess", loss - arguments.allowed)
            trial.set_user_attr("loss", loss)
            trial.set_user_attr("point", question["point"])
            study.tell(trial, answer["energy"][arguments.hardware])
    return study


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--allowed", type=float, default=1.0, help="the loss, in the metric's unit")
    parser.add_argument("--metric", default="wer")
    parser.add_argument("--hardware", default="reuse32")
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("command", nargs="+", help="edgeval serve with its options, behind --")
    arguments = parser.parse_args()
    # Optuna 3 calls constraints_func experimental, Optuna 5 prefers Trial.set_constraint.
    for category in (optuna.exceptions.ExperimentalWarning, FutureWarning):
        warnings.simplefilter("ignore", category)
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    serve = Serve(arguments.command)
    study = search(serve, arguments)
    if serve.close() != 0:
        raise SystemExit("edgeval serve failed")
    within = [trial for trial in study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
              if trial.user_attrs["excess"] <= 0]
    if not within:
        raise SystemExit(f"none of {len(study.trials)} points loses {arguments.allowed} or less")
    best = min(within, key=lambda trial: trial.value)
    dense = serve.greeting["dense"]["energy"][arguments.hardware]
    print(f"{len(within)} of {len(study.trials)} points lose {arguments.allowed} or less; "
          f"the cheapest takes {best.value / dense:.3f} of the dense network's energy and loses "
          f"{best.user_attrs['loss']:.2f}:")
    print("--set " + " ".join(f"{key}={value}" for key, value in best.user_attrs["point"].items()))


if __name__ == "__main__":
    main()
