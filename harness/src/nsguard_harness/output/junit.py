"""A run as JUnit's XML, which continuous integration reads: a test case for each cell, a suite for each attack."""

from __future__ import annotations

from xml.etree import ElementTree

from ..run.suite import Report, Result, Verdict
from .about import About
from .report import FAMILIES

# nothing proved is no success: that is what a control is for
OUTCOMES = {Verdict.LEAKED: "failure", Verdict.VACUOUS: "failure", Verdict.ERROR: "error"}


def junit(report: Report, about: About | None = None) -> str:
    """The whole document. Frames that nobody owns are a case of their own. about: what was tested, as properties."""
    root = ElementTree.Element("testsuites", name="nsguard-leaktest")
    properties = ElementTree.Element("properties")
    for name, value in (about.rows() if about else {}).items():
        ElementTree.SubElement(properties, "property", name=name, value=value)
    suites: dict[str, ElementTree.Element] = {}
    for result in report.results:
        suite = suites.setdefault(result.attack, ElementTree.SubElement(root, "testsuite", name=result.attack))
        _case(suite, result)
    frames = ElementTree.SubElement(root, "testsuite", name="frames")
    if len(properties):
        frames.append(properties)
    case = ElementTree.SubElement(frames, "testcase", classname="nsguard.frames", name="none that nobody owns")
    for leak in report.confined.judgement.unowned:
        _outcome(case, Verdict.LEAKED, f"{leak.summary}: {leak.reason}")
        break  # a case fails once
    for suite in root:
        suite.set("tests", str(len(suite.findall("testcase"))))
        for kind, plural in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            suite.set(plural, str(sum(case.find(kind) is not None for case in suite.findall("testcase"))))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, result: Result) -> None:
    name = " ".join(filter(None, (result.state, result.identity, FAMILIES[result.family])))
    case = ElementTree.SubElement(suite, "testcase", classname=f"nsguard.{result.attack}", name=name)
    if result.verdict is Verdict.CANNOT:
        ElementTree.SubElement(case, "skipped", message=result.evidence)
    elif result.verdict is not Verdict.CONTAINED:
        _outcome(case, result.verdict, result.evidence)
    ElementTree.SubElement(case, "system-out").text = f"confined: {result.said}\ncontrol: {result.control}"


def _outcome(case: ElementTree.Element, verdict: Verdict, message: str) -> None:
    element = ElementTree.SubElement(case, OUTCOMES[verdict], type=verdict.value)
    element.set("message", message)
