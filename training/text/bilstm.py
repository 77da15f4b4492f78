"""Token ids in, the same heads' logits out: a Bi-LSTM over frozen word embeddings, to compare the transformer with."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from training.text.corpora import Polarity
from training.text.network import DIM, DROPOUT, Said, load_pretrained, say

WIDTH = DIM // 2  # each way, so that its embedding is as wide as the transformer's


class BiLstm(nn.Module):
    """One bidirectional LSTM layer over MiniLM's word embeddings; utterance and heads as in `TextNetwork`."""

    def __init__(self) -> None:
        super().__init__()
        self.words = load_pretrained().words
        self.scale = nn.LayerNorm(DIM)
        self.lstm = nn.LSTM(DIM, WIDTH, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(2 * DROPOUT)
        self.sentiment = nn.Linear(DIM, len(Polarity))
        self.sarcasm = nn.Linear(DIM, 1)

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor) -> Said:
        """As `TextNetwork.forward`."""
        embedded = self.dropout(self.scale(self.words(ids)))
        packed = pack_padded_sequence(embedded, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=ids.shape[1])
        return say(states, types, self.dropout, self.sentiment, self.sarcasm)
