#!/usr/bin/env python3
"""Text to ids and back, and the learning of byte-pair merges (Sennrich et al. 2016), as
docs/formats/translation-model.md defines them; subwords.cpp does the same, and the tests compare.

    subwords.py learn MERGES lowercase|as_is punctuation|space < TEXT > SIDE

writes the vocabulary of a side as JSON, and

    subwords.py apply SIDE < TEXT

for each line its ids, a tab, and the text that comes back from them.
"""
import collections
import heapq
import json
import sys

END_OF_WORD, JOINER = "\u2581", "\uffed"
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
SPACES = "\t\n\v\f\r \u00a0"
LINE_BREAKS = "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
PUNCTUATION = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
CAPITALS = [*range(0x41, 0x5B), *range(0xC0, 0xD7), *range(0xD8, 0xDF)]


def words_of(text, settings):
    """The words of a line; with "punctuation", each mark is one, and what is not the first part of
    what stood between spaces begins with the joiner."""
    if settings["lowercase"]:
        text = text.translate({c: c + 32 for c in CAPITALS})
    spaces = SPACES + (JOINER if settings["split"] == "punctuation" else "")
    spaces += END_OF_WORD if "merges" in settings else ""
    words = text.translate({ord(c): " " for c in spaces}).split(" ")
    words = [word for word in words if word]
    if settings["split"] == "space":
        return words
    parts = []
    for word in words:
        start = len(parts)
        for i, c in enumerate(word):
            if i == 0 or c in PUNCTUATION or word[i - 1] in PUNCTUATION:
                parts.append(c if len(parts) == start else JOINER + c)
            else:
                parts[-1] += c
    return parts


def symbols_of(word):
    """Characters, the last one with the mark of the word's end."""
    return list(word[:-1]) + [word[-1] + END_OF_WORD]


def merge(symbols, left, right):
    """Every occurrence of the pair, from the left, becomes one symbol."""
    merged, i = [], 0
    while i < len(symbols):
        if i + 1 < len(symbols) and symbols[i] == left and symbols[i + 1] == right:
            merged.append(left + right)
            i += 2
        else:
            merged.append(symbols[i])
            i += 1
    return merged


def learn_merges(words, count):
    """`words` counts words. Each merge joins the most frequent pair of neighbours; of equally
    frequent pairs the first by code points, left symbol before right. Pairs seen once are left."""
    split = [(symbols_of(word), times) for word, times in sorted(words.items())]
    times_of, places = collections.Counter(), collections.defaultdict(set)

    def add(n, sign):
        symbols, times = split[n]
        for pair in zip(symbols, symbols[1:]):
            times_of[pair] += sign * times
            places[pair].add(n)
        return set(zip(symbols, symbols[1:]))

    for n in range(len(split)):
        add(n, 1)
    heap = [(-times, pair) for pair, times in times_of.items()]
    heapq.heapify(heap)  # an entry whose count has changed since is passed over
    merges = []
    while len(merges) < count and heap:
        times, best = heapq.heappop(heap)
        if -times != times_of[best]:
            continue
        if -times < 2:
            break
        changed = set()
        for n in places.pop(best):
            changed |= add(n, -1)
            split[n] = (merge(split[n][0], *best), split[n][1])
            changed |= add(n, 1)
        for pair in changed - {best}:
            heapq.heappush(heap, (-times_of[pair], pair))
        times_of[best] = 0
        merges.append(list(best))
    return merges


def learn(lines, lowercase, split, count):
    """The vocabulary of a side: special tokens, characters inside and at the end of a word, and
    what the merges make, in this order."""
    text = {"lowercase": lowercase, "split": split, "merges": []}
    words = collections.Counter(word for line in lines for word in words_of(line, text))
    text["merges"] = learn_merges(words, count)
    characters = sorted(set("".join(words)))
    tokens = SPECIAL + characters + [c + END_OF_WORD for c in characters]
    tokens += [left + right for left, right in text["merges"]]
    return {"text": text, "tokens": list(dict.fromkeys(tokens)), "pad": 0, "unk": 1}


class Vocabulary:
    """One side of a model file's JSON: `source` or `target`."""

    def __init__(self, side):
        self.side, self.text = side, side["text"]
        special = {side["tokens"][side[name]] for name in ("pad", "unk", "bos", "eos")
                   if side.get(name) is not None}
        self.ids = {token: i for i, token in enumerate(side["tokens"]) if token not in special}
        merges = self.text.get("merges")
        self.ranks = None if merges is None else {tuple(m): n for n, m in enumerate(merges)}
        self.known = {}

    def __len__(self):
        return len(self.side["tokens"])

    def pieces(self, word):
        """The word after all merges, the one learned first always next."""
        if self.ranks is None:
            return [word]
        if word not in self.known:
            symbols = symbols_of(word)
            while len(symbols) > 1:
                pair = min(zip(symbols, symbols[1:]),
                           key=lambda pair: self.ranks.get(pair, len(self.ranks)))
                if pair not in self.ranks:
                    break
                symbols = merge(symbols, *pair)
            self.known[word] = symbols
        return self.known[word]

    def encode(self, line):
        unknown = self.side["unk"]
        return [self.ids.get(piece, unknown) for word in words_of(line, self.text)
                for piece in self.pieces(word)]

    def decode(self, ids):
        """The text of ids; those of <pad>, <s> and </s> are left out."""
        silent = {self.side.get(name) for name in ("pad", "bos", "eos")}
        tokens = [(self.side["tokens"][i], i == self.side["unk"]) for i in ids if i not in silent]
        if self.ranks is None:
            text = " ".join(token for token, _ in tokens)
        else:
            text = "".join(token + END_OF_WORD * unknown for token, unknown in tokens)
        text = text.translate({ord(c): " " for c in LINE_BREAKS})
        if self.ranks is not None:
            text = text.replace(END_OF_WORD, " ").strip(" ")
        if self.text["split"] == "punctuation":
            text = text.replace(" " + JOINER, "").replace(JOINER, "")
        return text


def main():
    for stream in sys.stdin, sys.stdout:
        stream.reconfigure(encoding="utf-8", newline="\n")
    if sys.argv[1] == "learn":
        lines = [line.removesuffix("\n") for line in sys.stdin]
        json.dump(learn(lines, sys.argv[3] == "lowercase", sys.argv[4], int(sys.argv[2])),
                  sys.stdout)
        return
    with open(sys.argv[2], encoding="utf-8") as file:
        vocabulary = Vocabulary(json.load(file))
    for line in sys.stdin:
        ids = vocabulary.encode(line.removesuffix("\n"))
        print(*ids, end="\t" + vocabulary.decode(ids) + "\n")


if __name__ == "__main__":
    main()
