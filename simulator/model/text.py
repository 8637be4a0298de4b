"""Prompts to vectors: a word-level tokenizer with byte fallback, and a small transformer encoder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PAD, FIRST_WORD = 0, 257  # ids: 0 padding, 1 .. 256 the bytes, then the words of the vocabulary
MAX_TOKENS = 48
_WORD = re.compile(r"\w+|[^\w\s]")


def words(prompt: str) -> list[str]:
    """Lower-case words and single punctuation marks."""
    return _WORD.findall(prompt.lower())


def build_vocabulary(prompts: Iterable[str], *, least: int = 2) -> tuple[str, ...]:
    """Words that occur at least `least` times, in alphabetical order."""
    counts = Counter(w for p in prompts for w in words(p))
    return tuple(sorted(w for w, n in counts.items() if n >= least))


class Tokenizer:
    """Any string to at most MAX_TOKENS ids; a word outside the vocabulary is spelled in its UTF-8 bytes."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.ids = {w: FIRST_WORD + i for i, w in enumerate(vocabulary)}
        self.size = FIRST_WORD + len(vocabulary)

    def __call__(self, prompts: Sequence[str]) -> Tensor:
        """Ids (B, L), padded with PAD at the end; the empty prompt is all PAD."""
        rows = [self._encode(p) for p in prompts]
        ids = torch.full((len(rows), MAX_TOKENS), PAD)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        return ids

    def _encode(self, prompt: str) -> list[int]:
        out: list[int] = []
        for word in words(prompt):
            out += [self.ids[word]] if word in self.ids else [1 + b for b in word.encode("utf-8", "replace")]
            if len(out) >= MAX_TOKENS:
                break
        return out[:MAX_TOKENS]


class TextEncoder(nn.Module):
    """A pre-norm transformer over token ids, averaged over what is not padding, projected to `out`."""

    def __init__(self, vocabulary_size: int, width: int, depth: int, out: int) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary_size, width)
        self.place = nn.Embedding(MAX_TOKENS, width)
        self.blocks = nn.ModuleList(TextBlock(width) for _ in range(depth))
        self.out = nn.Linear(width, out, bias=False)
        nn.init.normal_(self.place.weight, std=0.1)  # small beside the words (std 1), or all prompts look alike

    def forward(self, ids: Tensor) -> Tensor:
        """(B, L) ids to (B, out); a row of padding alone gives the vector of no prompt."""
        real = ids != PAD  # (B, L)
        mask = real | (torch.arange(ids.shape[1], device=ids.device) == 0)  # no row is masked in full
        x = self.token(ids) + self.place.weight[: ids.shape[1]]  # (B, L, E)
        for block in self.blocks:
            x = block(x, mask)
        share = mask.to(x.dtype)
        x = (x * share[..., None]).sum(1) / share.sum(1, keepdim=True)  # (B, E)
        return self.out(F.rms_norm(x, x.shape[-1:]))


class TextBlock(nn.Module):
    """Attention over the prompt, then a GELU MLP."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.project = nn.Linear(width, width, bias=False)
        self.expand = nn.Linear(width, 4 * width)
        self.contract = nn.Linear(4 * width, width)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.contract.weight)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        b, n, e = x.shape
        q, k, v = self.qkv(F.rms_norm(x, (e,))).reshape(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = (q @ k.mT) * q.shape[-1] ** -0.5  # (B, h, L, L)
        scores = scores.masked_fill(~mask[:, None, None], float("-inf")).softmax(-1)
        x = x + self.project((scores.to(v.dtype) @ v).transpose(1, 2).reshape(b, n, e))
        return x + self.contract(F.gelu(self.expand(F.rms_norm(x, (e,)))))
