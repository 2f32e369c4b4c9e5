#!/usr/bin/env python3
"""Records what sacrebleu says of 50 seeded sets of sentences, beside this file in bleu.json.

    python3 -m venv venv && venv/bin/pip install sacrebleu==2.6.0
    venv/bin/python tests/golden/bleu.py

bleu.json is a list of sets: "hypotheses", "references" (one list each) and "scores", a list of
[tokenizer, smoothing, value or null, lower case, effective order, line] of BLEU and [word order, lower case, line] of
chrF, the line as sacrebleu prints it with 4 decimals and its signature.
Sentences are made of what the tokenizers treat apart: ASCII punctuation against words, digits and each other, entities,
numbers with separators, punctuation, symbols, digits and white space of Unicode, emoji, case that grows or shrinks in
lower case, empty lines. Some sets are too short for 4-grams, or have nothing right.
"""
import json
import pathlib
import random

from sacrebleu.metrics import BLEU, CHRF

SETS = 50
SEED = 20241121
DECIMALS = 4
WORDS = """the a cat Cat sat on mat house HOUSE Ein Mann eine Frau Straße STRASSE groß über Über naïve café CAFÉ e-mail
well-known rock'n'roll don't it's I'm U.S. e.g. Mr. 3 14 1984 2,5 1,000.50 10.000,5 3.14 50% 5-4 1990-1995 $5 €20 20€ 5kg
-5 .5 5. 1,2,3 A.B a/b and/or (see) [1] {x} "quote" <b> a&b AT&T &quot;x&quot; &amp; &lt;i&gt; &amp;lt; <skipped> x=y #1 @me
a_b ~5 `code` C++ ^2 50°C 100° ½ ²³ Ⅳ ③ ٣٤٥ ٣٫١ ６７ １，２ 你好 世界。 東京、 「引用」 こんにちは！ привет ПРИВЕТ Ёлка ΟΔΥΣΣΕΥΣ
Σ ΑΣ.Β ΣΑΣ İstanbul ISPARTA ı ǅ ﬁn ẞ „Zitat“ «citation» ‚x‘ it’s – — … ¿Qué? ¡Hola! §5 ©2024 ™ → ≤5 5≥ ± × ÷ ∞ 😀 👍🏽 👨‍👩‍👧 🇩🇪
é a\u0301b ﷼ ₹100 ١٬٠٠٠ 1\u00a0000 1\u202f000 x\u200by x\u3000y x\u2028y x\u0085z x\u001cz a\tb ،مرحبا؟ नमस्ते। १२३""".split(" ")
WORDS = [word for chunk in WORDS for word in chunk.split("\n") if word]
MARKS = [".", ",", "!", "?", ";", ":", "...", "-", "'", '"', ")", "(", "!?", "。", "…", "–", "»", "%", ".,", "-.", ",-"]


def word(rng):
    text = rng.choice(WORDS)
    if rng.random() < 0.25:
        text += rng.choice(MARKS)
    if rng.random() < 0.08:
        text = rng.choice(MARKS) + text
    return text


def joined(rng, words):
    text = words[0] if words else ""
    for following in words[1:]:
        text += rng.choice([" "] * 12 + ["  ", "", "\t", "\u00a0"]) + following
    if rng.random() < 0.1:
        text = rng.choice([" ", "\u3000"]) + text
    return text + (rng.choice([" ", "\t", "\u00a0", "\r"]) if rng.random() < 0.15 else "")


def edited(rng, words, share):
    result = []
    for original in words:
        edit = rng.random() / share
        if edit < 0.25:
            continue
        result.append(word(rng) if edit < 0.5 else original.swapcase() if edit < 0.7 else original)
        if 0.7 <= edit < 1:
            result.append(word(rng))
    return result


def make_set(number, rng):
    sentences = rng.randint(1, 3) if number % 5 == 0 else rng.randint(2, 8)
    longest = 3 if number % 5 == 0 else 16
    share = 3.0 if number % 7 == 3 else rng.choice([0.05, 0.2, 0.5, 0.9])
    base = [[word(rng) for _ in range(rng.randint(0 if number % 3 == 0 else 1, longest))] for _ in range(sentences)]
    if number % 10 == 7:
        base[0] = []
    references = [[joined(rng, edited(rng, words, 0.2) if which else words) for words in base]
                  for which in range(1 + number % 4 if number % 2 else 1)]
    if number == 20:
        return [""] * sentences, references
    if number == 30:
        return [joined(rng, words) for words in base], [[""] * sentences]
    if number == 40:  # nothing right
        return ["zzz qqq vvv www"] * sentences, references
    return [joined(rng, edited(rng, words, share)) for words in base], references


def bleu_options(number):
    yield from (("13a", "exp", None, lower, False) for lower in (False, True))
    methods = [("exp", None), ("floor", None), ("floor", 0.37), ("add-k", None), ("add-k", 0.5), ("none", None)]
    for index, tokenizer in enumerate(["13a", "intl", "none", "char"]):
        for turn in range(2):
            method, value = methods[(number + 2 * index + 3 * turn) % len(methods)]
            yield tokenizer, method, value, bool((number + turn) % 2), bool((number // 2 + turn + index) % 2)
    if number % 5 == 0:  # degenerate sets meet every smoothing
        yield from (("13a", method, value, False, effective) for method, value in methods for effective in (False, True))


def line(metric, hypotheses, references):
    score = metric.corpus_score(hypotheses, references)
    return score.format(width=DECIMALS, signature=str(metric.get_signature()))


def scores(number, hypotheses, references):
    for tokenizer, method, value, lower, effective in dict.fromkeys(bleu_options(number)):
        metric = BLEU(lowercase=lower, tokenize=tokenizer, smooth_method=method, smooth_value=value,
                      effective_order=effective)
        yield [tokenizer, method, value, lower, effective, line(metric, hypotheses, references)]
    for order in (0, 2):
        for lower in (False, True):
            metric = CHRF(word_order=order, lowercase=lower)
            yield [order, lower, line(metric, hypotheses, references)]


def main():
    rng = random.Random(SEED)
    sets = []
    for number in range(SETS):
        hypotheses, references = make_set(number, rng)
        sets.append({"hypotheses": hypotheses, "references": references,
                     "scores": list(scores(number, hypotheses, references))})
    out = pathlib.Path(__file__).with_suffix(".json")
    rows = ",\n".join(json.dumps(one, ensure_ascii=False) for one in sets)
    out.write_text(f"[\n{rows}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
