"""A small evaluation whose outputs are watched: a folder that holds one of several known sets of files, each as a whole.

The sets come from undisturbed runs: `old` of a translation (three files), `new` of speech (two files). A set is told
by the names and the contents of all its files, what may differ between equal runs left out.
"""
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import wave

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def said_one_line(text):
    """Whether the text has one line of the program's, beside warnings and notes."""
    own = [line for line in text.splitlines() if line and not line.startswith(("edgeval: warning: ", "edgeval: note: "))]
    return len(own) == 1 and own[0].startswith("edgeval: ")


def make_inputs(edgeval, folder, utterances):
    """Small models of speech and of translation in the folder, and a test set of each."""
    def run(*words):
        subprocess.run([edgeval, *map(str, words)], cwd=folder, check=True, stdout=subprocess.DEVNULL)

    imports = SOURCE / "tests/data/import"
    run("import", "--model", imports / "lstm.pt", "--describe", imports / "describe.json", "--out", "speech.safetensors")
    run("import", "--model", imports / "opennmt.pt", "--out", "translation.safetensors")
    lines = []
    for n in range(utterances):
        noise = random.Random(n)
        samples = [noise.randrange(-9000, 9000) for _ in range(1600 + 400 * n)]
        with wave.open(str(folder / f"u{n}.wav"), "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
        lines.append(json.dumps({"audio_filepath": f"u{n}.wav", "text": "A B"}) + "\n")
    (folder / "speech.jsonl").write_text("".join(lines))
    (folder / "lines.txt").write_text("a b\nb c a\n")


def environment(faults, more):
    """The environment of a program with these variables of the library of faults; without any, the library is left out."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("EDGEVAL_FAULTS")}
    if more:
        variables.update(more, LD_PRELOAD=faults)
    return variables


class SmallRun:
    def __init__(self, edgeval, faults, folder):
        self.edgeval, self.faults, self.folder = str(pathlib.Path(edgeval).resolve()), str(pathlib.Path(faults).resolve()), pathlib.Path(folder)
        self.parent = self.folder / "results"  # nothing but the folder of outputs, and what a run leaves beside it
        self.out = self.parent / "out"
        self.kept = self.folder / "kept"  # features that a run of speech keeps; each point begins without them
        self.parent.mkdir()
        make_inputs(self.edgeval, self.folder, 2)
        common = ["--quiet", "--out", str(self.out)]
        self.commands = {
            "old": ["run", "--model", "translation.safetensors", "--data", "lines.txt", "--max-length", "5"] + common,
            "new": ["run", "--model", "speech.safetensors", "--data", "speech.jsonl", "--cache", str(self.kept)] + common}
        self.sets, self.stored = {}, {}
        for name in ("old", "new"):
            shutil.rmtree(self.parent)
            self.parent.mkdir()
            done = self.run(name)
            if done.returncode != 0:
                raise SystemExit(f"the undisturbed run fails: {done.stderr}")
            self.sets[name] = self.files(self.out)
            self.stored[name] = self.folder / f"stored-{name}"
            shutil.copytree(self.parent, self.stored[name])
        # What stays beside the outputs of a run that went well, a lock for instance.
        self.beside = {entry.name for entry in self.parent.iterdir()}
        if self.sets["old"] == self.sets["new"]:
            raise SystemExit("the two sets of files are the same")

    def restore(self, name):
        """The folder of outputs as an undisturbed run left it; None: no folder at all."""
        shutil.rmtree(self.parent)
        shutil.rmtree(self.kept, ignore_errors=True)
        if name is None:
            self.parent.mkdir()
        else:
            shutil.copytree(self.stored[name], self.parent)

    def start(self, name, threads=1, **more):
        return subprocess.Popen([self.edgeval, *self.commands[name], "--threads", str(threads)], cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, errors="replace", env=environment(self.faults, more))

    def run(self, name, threads=1, **more):
        process = self.start(name, threads, **more)
        try:
            process.stderr_text = process.communicate(timeout=120)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            process.stderr_text = process.communicate()[1] + "\nhangs"
        return subprocess.CompletedProcess(process.args, process.returncode, stderr=process.stderr_text)

    @staticmethod
    def files(folder):
        """Name and contents of every file; {} where there is no folder."""
        found = {}
        if not folder.is_dir():
            return found
        for path in sorted(folder.rglob("*")):
            if path.is_dir():
                continue
            contents = path.read_bytes()
            if path.name == "report.json":
                try:
                    report = json.loads(contents)
                    for key in ("timing", "invocation", "edgeval"):
                        report.pop(key, None)
                    contents = json.dumps(report).encode()
                except ValueError:
                    pass  # cut off: equal to nothing
            found[str(path.relative_to(folder))] = contents
        return found

    def which_set(self, before):
        """The name of the set in the folder; None where it is neither `before`'s nor a whole one."""
        files = self.files(self.out)
        if before is None and not files:
            return "nothing"
        for name, contents in self.sets.items():
            if files == contents:
                return name
        return None

    def is_between_two_renames(self, before):
        """Whether the set of `before` is whole under its hidden name, and nothing has the name of the folder."""
        old = self.parent / f".{self.out.name}.edgeval-old"
        return before is not None and not self.out.exists() and self.files(old) == self.sets[before]

    def leftovers(self):
        """What lies beside the folder of outputs, or in it, and does not belong to a run that went well."""
        left = {entry.name for entry in self.parent.iterdir()} - self.beside
        known = set().union(*(set(files) for files in self.sets.values()))
        left |= {f"out/{name}" for name in self.files(self.out) if name not in known}
        return sorted(left)


def told(counts):
    """Counts by name as one text: "2 killed, 1 in time"."""
    return ", ".join(f"{n} {name}" for name, n in sorted(counts.items())) or "none"
