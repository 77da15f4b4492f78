"""Lines to learn from and lines to judge in, what simpler ways say of the latter out: all learn from the same text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from training.text import recipe
from training.text.batches import Roughness
from training.text.bilstm import BiLstm
from training.text.corpora import Line, Polarity
from training.text.inference import Outputs, embed, predict
from training.text.measure import logistic, polarities, sentiment_loss
from training.text.network import load_pretrained
from training.text.sentiment import fit_lines

Embed = Callable[[Sequence[Line]], NDArray[np.float32]]
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


def embed_pretrained(tokenizer: Tokenizer) -> Embed:
    """The untouched MiniLM's embedding of an utterance without the turns before, of length one."""
    network = load_pretrained()

    def unit(lines: Sequence[Line]) -> NDArray[np.float32]:
        vectors = embed(network, tokenizer, [Line(line.text) for line in lines])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    return unit


def average_words(tokenizer: Tokenizer) -> Embed:
    """The mean of MiniLM's word embeddings, which know nothing of each other, scaled to about one a component."""
    words = load_pretrained().words.weight.detach().numpy()
    spread = words.std()

    def mean(lines: Sequence[Line]) -> NDArray[np.float32]:
        ids = [tokenizer.encode(line.text, add_special_tokens=False).ids for line in lines]
        return np.stack([words[each or [0]].mean(axis=0) for each in ids]) / spread

    return mean


def regress_sarcasm(train: Sequence[Line], test: Sequence[Line], embedding: Embed) -> NDArray[np.float32]:
    """P(sarcasm) of logistic regression on `embedding`."""
    model = LogisticRegression(max_iter=1000).fit(embedding(train), [line.sarcastic for line in train])
    return np.asarray(model.predict_proba(embedding(test))[:, 1], np.float32)


def regress_polarity(train: Sequence[Line], embedding: Embed) -> Embed:
    """What turns lines into sentiment logits [lines, 3] by logistic regression on `embedding`."""
    model = LogisticRegression(max_iter=300).fit(embedding(train), polarities(train))
    return lambda lines: np.asarray(model.decision_function(embedding(lines)), np.float32)


def train_bilstm(
    corpora: recipe.Corpora, learnt: Sequence[Line], validation: Sequence[Line], tokenizer: Tokenizer
) -> Callable[[Sequence[Line]], Outputs]:
    """What a Bi-LSTM says of lines, trained on the same text as the transformer: first sentiment, then sarcasm."""
    torch.manual_seed(recipe.SEED)
    network = BiLstm()
    truth = np.array([line.sarcastic for line in validation], bool)

    def polarity_error() -> float:
        return sentiment_loss(
            lambda lines: predict(network, tokenizer, lines).sentiment, corpora.phrases, corpora.comments
        )

    def sarcasm_error() -> float:
        return float(np.square(logistic(predict(network, tokenizer, validation).sarcasm) - truth).mean())

    fit = partial(fit_lines, network, tokenizer, roughness=Roughness(), seed=recipe.SEED)
    fit(corpora.sentiment, schedule=recipe.BILSTM_SENTIMENT, title="Bi-LSTM, sentiment", validate=polarity_error)
    fit(learnt, schedule=recipe.BILSTM_SARCASM, title="Bi-LSTM, sarcasm", validate=sarcasm_error)
    return partial(predict, network, tokenizer)


def probability_of(outputs: Outputs) -> NDArray[np.float32]:
    """P(sarcasm) [lines], not calibrated."""
    return logistic(outputs.sarcasm)


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
    known = [int(line.polarity) for line in lines if line.polarity is not None]
    return np.full(len(lines), max(set(known), key=known.count), np.int64)
