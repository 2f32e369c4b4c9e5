"""Small pieces of work whose outputs are watched.

SmallRun is an evaluation into a folder that holds one of several known sets of files, each as a whole. The sets come from
undisturbed runs: `old` of a translation (three files), `new` of speech (two files). A set is told by the names and the
contents of all its files, what may differ between equal runs left out.

SmallResumed is work that keeps a journal, such as a sweep. It is stopped and gone on with, and must end with the files of
one that nobody stopped.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import wave
import zlib

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAUSE = {"EDGEVAL_FAULTS_DELAY": "2000"}  # microseconds at most, before each change of a file
INTERRUPTED = "edgeval: interrupted; what was found is kept, --resume goes on\n"
CHANGES = ("mkdir", "open", "write", "fsync", "rename")


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


def whole_lines(journal):
    """The lines of the journal whose checksum is right; None where another line stands before the last of them."""
    if not journal.exists():
        return []
    lines, damaged, head = [], False, 0
    for line in journal.read_bytes().split(b"\n"):
        crc = zlib.crc32(line[26:-1], head)  # of the head's entry, then the line's own
        if not (line.startswith(b'{"crc":"') and line.endswith(b"}") and line[8:16] == b"%08x" % crc):
            damaged = True
        elif damaged:
            return None
        else:
            head = head or crc
            lines.append(line)
    return lines


def results(lines):
    """The numbers of point and block of each result."""
    entries = [json.loads(line)["entry"] for line in lines]
    return [(entry["point"], entry["block"]) for entry in entries if "point" in entry]


class SmallResumed:
    """A command that goes on with --resume where its folder has journals.

    `words` are the command's but for --out and --resume, `journals` the folders of its journals in their order, of which the first stands for
    the work. Ends the script where the undisturbed work fails.
    """

    def __init__(self, edgeval, faults, folder, words, journals):
        self.edgeval, self.faults, self.folder = str(pathlib.Path(edgeval).resolve()), str(pathlib.Path(faults).resolve()), folder
        self.words, self.out = words, folder / "out"
        self.journals = [self.out / name / "1.jsonl" for name in journals]
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and so would the work
        start = time.monotonic()
        done = self.run(**PAUSE)
        if done.returncode != 0:
            raise SystemExit(f"the undisturbed {words[0]} fails: {done.stderr}")
        self.seconds = time.monotonic() - start
        self.hashes = self.sums()
        self.lines = [whole_lines(journal) for journal in self.journals]
        self.bytes = [journal.stat().st_size for journal in self.journals]
        self.clear()

    def clear(self):
        shutil.rmtree(self.out, ignore_errors=True)

    def start(self, largest_file=None, before=(), more_words=(), **more):
        """Starts the work, behind the words `before`; the other names are variables of the library of faults."""
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))
        resume = ["--resume"] if self.journals[0].parent.exists() else []
        return subprocess.Popen([*before, self.edgeval, *self.words, *more_words, *resume, "--out", str(self.out)], cwd=self.folder, text=True,
                                errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                env=environment(self.faults, more), preexec_fn=limit if largest_file is not None else None)

    def run(self, largest_file=None, before=(), more_words=(), **more):
        process = self.start(largest_file, before, more_words, **more)
        text = process.communicate(timeout=120)[1]
        return subprocess.CompletedProcess(process.args, process.returncode, stderr=text)

    def sums(self):
        """The SHA-256 of every file but those of the journals."""
        folders = [journal.parent for journal in self.journals]
        return {str(path.relative_to(self.out)): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in sorted(self.out.rglob("*")) if path.is_file() and path.parent not in folders}

    def whole_lines(self):
        return [whole_lines(journal) for journal in self.journals]

    def broken_after_stop(self, before):
        """What is broken in the journals, which had the lines `before` before the stop; [] stands for none."""
        broken = []
        for n, lines in enumerate(self.whole_lines()):
            known = (before[n] or []) if before else []
            if lines is None:
                broken.append("damaged journal")
                continue
            if lines[:len(known)] != known:
                broken.append("lost result")
            if len(set(results(lines))) != len(results(lines)):
                broken.append("doubled result")
            if not set(lines) <= set(self.lines[n]):
                broken.append("other result")
        return broken

    def broken_at_end(self):
        broken = [] if self.sums() == self.hashes else ["other files"]
        for n, lines in enumerate(self.whole_lines()):
            if lines is None or not self.journals[n].exists() or self.journals[n].stat().st_size != self.bytes[n]:
                broken.append("damaged journal at the end")
            elif collections.Counter(lines) != collections.Counter(self.lines[n]):
                broken.append("other journal at the end")
        return broken

    def go_on(self, broken, **more):
        """Resumes work that was stopped, and checks its files at the end."""
        after = self.run(**more)
        if after.returncode != 0:
            broken[f"resume: {after.stderr.strip()[:200]}"] += 1
        broken.update(self.broken_at_end())
        self.clear()


def stop_again_and_again(small, number, count, draw):
    """Sends the work the signal until it was stopped `count` times, and lets each end; how they ended and what was broken."""
    ends, broken = collections.Counter(), collections.Counter()
    while ends["stopped"] < count:
        before = small.whole_lines()
        process = small.start(**PAUSE)
        time.sleep(draw.uniform(0, 0.7) * small.seconds)
        process.send_signal(number)
        text = process.communicate(timeout=120)[1]
        ends["stopped" if process.returncode == -number else "in time"] += 1
        said = INTERRUPTED if number == signal.SIGINT and process.returncode != 0 else ""
        # A stop before the journal is there says nothing.
        if process.returncode not in (-number, 0) or text not in (said, ""):
            broken[f"exit code {process.returncode}: {text.strip()[:200]}"] += 1
        broken.update(small.broken_after_stop(before))
        if number == signal.SIGINT and (hidden := [path.name for path in small.out.rglob(".*")]):
            broken[f"leftover {hidden}"] += 1
        if process.returncode == 0:
            ends[small.words[0] + "s"] += 1
            broken.update(small.broken_at_end())
            small.clear()
    ends[small.words[0] + "s"] += 1
    small.go_on(broken)
    return ends, broken


def kill_at_changes(small, edge):
    """Kills new work before its n-th call of each kind that changes files, for all n, or for the first and the last `edge`."""
    ends, broken = collections.Counter(), collections.Counter()
    counts = small.folder / "counts"
    small.run(EDGEVAL_FAULTS_COUNT=str(counts))
    small.clear()
    calls = dict(line.split()[:2] for line in counts.read_text().splitlines() if not line.startswith("alloc-site"))
    for kind, n in [(kind, n) for kind in CHANGES for n in range(1, int(calls[kind]) + 1) if n <= edge or n > int(calls[kind]) - edge]:
        done = small.run(EDGEVAL_FAULTS=f"{kind}:{n}:kill")
        ends["killed" if done.returncode == -signal.SIGKILL else f"exit code {done.returncode}"] += 1
        broken.update(small.broken_after_stop([]))
        small.go_on(broken)
    return ends, broken


def stop_options(description, kills, changes, interrupts):
    """A parser of the options that all scripts of stops have, with these defaults."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("edgeval")
    parser.add_argument("faults")
    parser.add_argument("--kills", type=int, default=kills)
    parser.add_argument("--changes", type=int, default=changes, help="kill before so many of the first and the last changes of files of each kind")
    parser.add_argument("--interrupts", type=int, default=interrupts)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def run_steps(make, steps):
    """Makes small work in a folder of its own and takes the steps, each a function of it that returns how the work ended and what
    was broken. Prints a line for each, and returns the exit code."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="edgeval-kills-"))
    try:
        small = make(folder)
        all_broken = collections.Counter()
        for name, step in steps.items():
            ends, broken = step(small)
            print(f"{name}: {told(ends)}; broken: {told(broken)}", flush=True)
            all_broken += broken
        return 1 if all_broken else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
