"""What the comparison of two runs says: in words, as data, as Markdown and as JUnit XML."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

import numpy as np

from evals.comparison import BETTER, CLEAN, WORSE, Comparison, Row
from evals.gates import NOT_EQUIVALENT, REGRESSION, Gate
from reports.page import p_value, percent, points, words

WORST = 6  # shots that are named


def sentences(c: Comparison) -> list[str]:
    """The result in words: the clean rate first, then what else changed."""
    row = c.headline
    numbers = (
        f"{percent(row.mean_a)} to {percent(row.mean_b)} ({points(row.difference)} points, "
        f"95 % interval {points(row.low)} to {points(row.high)}, {row.n} cells)"
    )
    if row.n == 0:
        first = f"The clean rates of {c.label_a} and {c.label_b} cannot be compared: no shot is decided in both."
    elif row.verdict == BETTER:
        first = f"{c.label_b} is better than {c.label_a}: the clean rate rose from {numbers}."
    elif row.verdict == WORSE:
        first = f"{c.label_b} is worse than {c.label_a}: the clean rate fell from {numbers}."
    else:
        first = f"No change of the clean rate was found between {c.label_a} and {c.label_b}: {numbers}."
        if np.isfinite(row.detectable):
            first += f" A change of ±{100 * row.detectable:.1f} points would have been seen with a probability of 80 %."
    got = {verdict: [name(r) for r in c.rows if r.verdict == verdict and r is not row] for verdict in (WORSE, BETTER)}
    others = [f"Got {verdict}: {', '.join(names)}." for verdict, names in got.items() if names]
    for told, how in ((True, "Shown"), (False, "Not shown")):
        if some := [f"{name(r)} (by {margin(r)})" for r in c.rows if r.family is None and r.no_worse == told]:
            others.append(f"{how} to be no worse than by the margin: {', '.join(some)}.")
    if not c.regressed:
        others.append("Nothing got worse beyond what chance explains.")
    return [first, *others]


def name(row: Row) -> str:
    """What a row measures, and where."""
    measure = "clean rate" if row.measure == CLEAN else row.measure
    return measure if row.family is None else f"{measure} in {words(row.family)}"


def margin(row: Row) -> str:
    """Its margin in points."""
    return f"{100 * row.margin:.3g} points"


def gate_says(c: Comparison, gate: Gate) -> str:
    """Whether the gate lets B pass, and what stops it."""
    stopped = ", ".join(name(r) for r in c.rows if gate.fails(r))
    return f"Gate fail_on={gate.fail_on}: {f'failed by {stopped}' if stopped else 'passed'}."


def document(c: Comparison, gate: Gate) -> dict[str, Any]:
    """Everything that the page says, as data."""
    return {
        "a": c.label_a,
        "b": c.label_b,
        "verdict": c.verdict,
        "regressed": c.regressed,
        "fail_on": gate.fail_on,
        "passed": not any(gate.fails(row) for row in c.rows),
        "sentences": sentences(c),
        "rows": [asdict(row) | {"fails": gate.fails(row)} for row in c.rows],
        "counts": [asdict(count) | {"coverage": count.coverage} for count in c.counts],
        "spec_differences": list(c.spec_differences),
        "worst": [str(shot) for shot in c.worst(WORST)["shot_id"]],
    }


def markdown(c: Comparison, gate: Gate) -> str:
    """The result as Markdown, for a pull request."""
    lines = [
        f"# {c.label_b} against {c.label_a}: {c.verdict}",
        "",
        *(f"{s}\n" for s in [*sentences(c), gate_says(c, gate)]),
    ]
    lines += [
        f"| measure | family | cells | {_cell(c.label_a)} | {_cell(c.label_b)} | change | 95 % interval | p "
        "| adjusted p | detectable | verdict | no worse than by |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | --- | --- |",
    ]
    for r in c.rows:
        known = f"±{100 * r.detectable:.1f}" if np.isfinite(r.detectable) else "–"
        lines.append(
            f"| {_cell('clean rate' if r.measure == CLEAN else r.measure)} | {_cell(r.family or 'all')} | {r.n} "
            f"| {percent(r.mean_a)} | {percent(r.mean_b)} | {points(r.difference)} "
            f"| {points(r.low)} to {points(r.high)} | {p_value(r.p)} | {p_value(r.adjusted_p)} | {known} | {r.verdict} "
            f"| {margin(r)}: {shown(r)} |"
        )
    lines += ["", "Changes are in points, paired by (family, seed) cell; p is adjusted for all rows.",
              "“No worse than by” is shown where no part of the interval is a larger drop.", ""]  # fmt: skip
    return "\n".join(lines)


def shown(row: Row) -> str:
    """Whether it is shown that it is no worse."""
    return "shown" if row.no_worse else "not shown"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def junit(c: Comparison, gate: Gate) -> str:
    """The result as JUnit XML: one case a row, failed where the gate is, skipped where no cell tells of it."""
    fails = [gate.fails(row) for row in c.rows]
    skipped = [row.n == 0 and not failed for row, failed in zip(c.rows, fails, strict=True)]
    cases = ElementTree.Element(
        "testsuite", name=f"{c.label_b} against {c.label_a}", tests=str(len(c.rows)),
        failures=str(sum(fails)), skipped=str(sum(skipped)),
    )  # fmt: skip
    for r, failed, skip in zip(c.rows, fails, skipped, strict=True):
        case = ElementTree.SubElement(cases, "testcase", classname=r.family or "all families", name=r.measure)
        told = (
            f"{points(r.difference)} points ({points(r.low)} to {points(r.high)}), p {p_value(r.p)}, adjusted "
            f"{p_value(r.adjusted_p)}, {r.n} cells; no worse than by {margin(r)}: {shown(r)}"
        )
        if failed:
            kind = REGRESSION if r.verdict == WORSE else NOT_EQUIVALENT
            what = "got worse" if r.verdict == WORSE else f"not shown to be no worse than by {margin(r)}"
            ElementTree.SubElement(
                case, "failure", type=kind, message=f"{what}: {told}"
            ).text = f"{c.label_a}: {percent(r.mean_a)}\n{c.label_b}: {percent(r.mean_b)}\n{told}"
        elif skip:
            ElementTree.SubElement(case, "skipped", message="no cell is scored in both runs")
        else:
            ElementTree.SubElement(case, "system-out").text = f"{r.verdict}: {told}"
    ElementTree.indent(cases)
    return ElementTree.tostring(cases, encoding="unicode", xml_declaration=True) + "\n"
