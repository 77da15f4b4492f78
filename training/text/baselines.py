"""The same lines the model is judged on in, what simpler ways say of them out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from training.text.corpora import Line, Polarity
from training.text.network import load_pretrained
from training.text.train import embed

VADER_NEUTRAL = 0.05  # the authors' own threshold on the compound score (Hutto and Gilbert 2014)


def always(value: float, lines: Sequence[Line]) -> NDArray[np.float32]:
    """The same probability for every line."""
    return np.full(len(lines), value, np.float32)


def name_chandler(lines: Sequence[Line]) -> NDArray[np.float32]:
    """The known shortcut: sarcastic exactly when Chandler speaks."""
    return np.array([line.speaker == "CHANDLER" for line in lines], np.float32)


def count_words(train: Sequence[Line], test: Sequence[Line]) -> NDArray[np.float32]:
    """P(sarcasm) of logistic regression on TF-IDF of the utterance, one and two words."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    features = vectorizer.fit_transform([line.text for line in train])
    model = LogisticRegression(max_iter=1000).fit(features, [line.sarcastic for line in train])
    return np.asarray(model.predict_proba(vectorizer.transform([line.text for line in test]))[:, 1], np.float32)


def regress_pretrained(train: Sequence[Line], test: Sequence[Line], tokenizer: Tokenizer) -> NDArray[np.float32]:
    """P(sarcasm) of logistic regression on the untouched MiniLM's embedding of the utterance."""
    network = load_pretrained()

    def unit(lines: Sequence[Line]) -> NDArray[np.float32]:
        vectors = embed(network, tokenizer, [Line(line.text) for line in lines])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    model = LogisticRegression(max_iter=1000).fit(unit(train), [line.sarcastic for line in train])
    return np.asarray(model.predict_proba(unit(test))[:, 1], np.float32)


def ask_vader(lines: Sequence[Line]) -> NDArray[np.int64]:
    """Polarity by VADER's lexicon; its two sides alone where the corpus knows no neutral."""
    analyzer = SentimentIntensityAnalyzer()
    compound = np.array([analyzer.polarity_scores(line.text)["compound"] for line in lines])
    if all(line.two_way for line in lines):
        return np.where(compound >= 0, int(Polarity.POSITIVE), int(Polarity.NEGATIVE)).astype(np.int64)
    sides = np.where(compound >= VADER_NEUTRAL, int(Polarity.POSITIVE), int(Polarity.NEUTRAL))
    return np.where(compound <= -VADER_NEUTRAL, int(Polarity.NEGATIVE), sides).astype(np.int64)


def most_common(lines: Sequence[Line]) -> NDArray[np.int64]:
    """The most common polarity of `lines` for all of them."""
    polarities = [int(line.polarity) for line in lines if line.polarity is not None]
    return np.full(len(lines), max(set(polarities), key=polarities.count), np.int64)
