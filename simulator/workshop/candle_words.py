"""Candle words: how a script of candles whose flames go out, or stay lit, is told."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.workshop import words

TOLD = {
    "puff": (
        "A puff of air from the {side} blows out {group}.",
        "{group} {is_} blown out from the {side}.",
        "The {flame} of {group} {go} out when a puff comes from the {side}.",
        "Somebody blows from the {side} and the {flame} of {group} {go} out.",
        "{group} {burn}, then a breath from the {side} puts {them} out and smoke rises.",
        "From the {side} a puff hits the {flame} of {group}; {they} {go} out and {stay} out.",
        "Blown out from the {side}: {group}, and the smoke afterwards.",
        "Video of {group} that {burn} until a puff from the {side} blows {them} out.",
    ),
    "fan": (
        "A fan on the {side} starts to turn and blows out {group}.",
        "{group} {is_} blown out by a fan on the {side}.",
        "The {flame} of {group} {go} out when the fan on the {side} turns.",
        "The fan on the {side} begins to spin and the {flame} of {group} {go} out.",
        "{group} {burn}, then a fan on the {side} starts and its wind puts {them} out.",
        "On the {side} a fan starts to spin; the {flame} of {group} {go} out and {stay} out.",
        "Blown out by the fan on the {side}: {group}, and the smoke afterwards.",
        "Video of {group} that {burn} until a fan on the {side} is switched on.",
    ),
    "snuffer": (
        "A snuffer comes down and puts out {group}.",
        "{group} {is_} put out with a snuffer from above.",
        "The {flame} of {group} {go} out under a snuffer.",
        "A metal cap covers the {flame} of {group} and puts {them} out.",
        "{group} {burn}, then a snuffer is lowered on {them} and smoke rises.",
        "From above a snuffer covers the {flame} of {group}; {they} {go} out and {stay} out.",
        "Put out by a snuffer: {group}, and the smoke afterwards.",
        "Video of {group} that {burn} until a snuffer puts {them} out.",
    ),
    "miss": (
        "A puff from the {side} passes above {group}, and nothing goes out.",
        "{group} {stay} lit as a puff from the {side} misses {them}.",
        "The {flame} of {group} {keep} burning while a puff from the {side} goes past above.",
        "Somebody blows from the {side} too high and {group} {keep} burning.",
        "{group} {burn} on; a breath from the {side} misses the {flame}.",
        "From the {side} a puff goes over {group}; the {flame} {stay} lit.",
        "Missed by a puff from the {side}: {group}, still burning.",
        "Video of {group} that {stay} lit although a puff comes from the {side}.",
    ),
    "some puff": (
        "A weak puff from the {side} blows out {gone} of {group}; {rest} {stay} lit.",
        "Of {group}, {gone} {go} out in a puff from the {side} and {rest} {stay} lit.",
        "Somebody blows from the {side}: of {group}, {gone} {go} out and {rest} {stay} lit.",
        "A weak breath from the {side} reaches only {gone} of {group}, and {rest} {keep} burning.",
        "From the {side} a puff blows out {gone} of {group}, and {rest} {keep} burning.",
        "{group}: a puff from the {side} blows out {gone}, {rest} {stay} lit.",
        "Only {gone} of {group} {go} out when a puff comes from the {side}.",
        "Video of {group}; a puff from the {side} puts out {gone}, and {rest} {stay} lit.",
    ),
    "some snuffer": (
        "A snuffer puts out {gone} of {group}; {rest} {stay} lit.",
        "Of {group}, {gone} {go} out under a snuffer and {rest} {stay} lit.",
        "A metal cap comes down on {gone} of {group}, and {rest} {keep} burning.",
        "Of {group} a snuffer covers {gone} and leaves {rest} lit.",
        "From above a snuffer puts out {gone} of {group}, and {rest} {keep} burning.",
        "{group}: a snuffer puts out {gone}, {rest} {stay} lit.",
        "Only {gone} of {group} {go} out, under a snuffer from above.",
        "Video of {group}; a snuffer puts out {gone}, and {rest} {stay} lit.",
    ),
}
LIT = (
    "{group} {burn} and {stay} lit.",
    "The {flame} of {group} {keep} burning and nobody blows.",
)


def told_of(colours: Sequence[str], dead: Sequence[bool], same: bool) -> dict[str, str]:
    """The words of a prompt for candles of these colours, from left to right, of which some go out."""
    count, gone = len(colours), sum(dead)
    if count == 1:
        group = words.article(f"{colours[0]} candle")
    elif same:
        group = f"{words.number(count)} {colours[0]} candles"
    else:
        group = f"{words.listed([words.article(c) for c in colours])} candle"
    some = 0 < gone < count
    acting = gone if some else count  # who the verb "go" is about
    staying = count - gone if some else count
    return {
        "group": group,
        "gone": _which(colours, dead, same),
        "rest": _which(colours, [not d for d in dead], same),
        "flame": "flame" if count == 1 else "flames",
        "they": "it" if count == 1 else "they",
        "them": "it" if count == 1 else "them",
        "is_": "is" if count == 1 else "are",
        "burn": "burns" if count == 1 else "burn",
        "go": "goes" if acting == 1 else "go",
        "stay": "stays" if staying == 1 else "stay",
        "keep": "keeps" if staying == 1 else "keep",
    }


def _which(colours: Sequence[str], chosen: Sequence[bool], same: bool) -> str:
    """ "the red and the blue one", "the middle one", "two"."""
    picked = [i for i, yes in enumerate(chosen) if yes]
    if not same:
        return f"{words.listed([f'the {colours[i]}' for i in picked])} one" if picked else "none"
    places = {2: ("left", "right"), 3: ("left", "middle", "right")}.get(len(colours))
    if len(picked) == 1 and places:
        return f"the {places[picked[0]]} one"
    return words.number(len(picked))
