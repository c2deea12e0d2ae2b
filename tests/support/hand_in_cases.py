"""Classes as they are really handed in, each with the result that is right.

Modelled on what the platforms document and what teachers report.  A file's content is `full` (all
5 points of `01_lines`), `half` (3 of them), `more` (the same for `02_more`), `unmarked` (a notebook
that says of no unit), `broken`, or text.
"""

from __future__ import annotations

from dataclasses import dataclass, field

UNIT, MORE = "01_lines", "02_more"
NB = f"{UNIT}.ipynb"
MOODLE = "_assignsubmission_file_"
NO_NOTEBOOK = "not a notebook"

GRADESCOPE = """\
---
submission_11:
  :submitters:
  - :name: Ada Moreau
    :sid: '2034111'
    :email: ada@example.org
  :created_at: 2024-01-02 03:04:05.123456000 Z
  :score: 0.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    output: |
      submission_12:
        :submitters:
        - :name: Ada Moreau
submission_12:
  :submitters:
  - :name: "Bo \\"B\\" Lind"
    :sid: '2034112'
    :email: bo@example.org
  - :name: Cy Tan
    :sid: ''
    :email: cy@example.org
  :created_at: 2024-01-02 03:05:05.123456000 Z
"""


@dataclass(frozen=True)
class Case:
    """Files below one folder, and each student's points; "-" for what can't be graded.

    `words` must be said of a student, `silent` must not appear in anything; `given` are the paths
    named, instead of the folder that holds all; `zipped` says whether a zip gives the same.  A row
    of `02_more` has that unit behind the student's name.
    """

    name: str
    files: dict[str, str]
    rows: dict[str, str]
    layout: str = "plain"
    words: dict[str, str] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    forced: str | None = None
    unit: str | None = None
    zipped: bool = True


def moodle(name: str, number: int, file: str = NB) -> str:
    return f"{name}_{number}{MOODLE}/{file}"


def attempt(login: str, minute: int, file: str, assignment: str = "Unit_1") -> str:
    return f"{assignment}_{login}_attempt_2024-01-02-03-{minute:02}-05{file}"


CASES = [
    # What was reported, one of each kind.
    Case(
        "folders within Moodle's",
        {moodle("Ada Moreau", 101, f"homework/{NB}"): "full", moodle("Bo Lind", 102): "half"},
        {"Ada Moreau": "5", "Bo Lind": "3"},
        "moodle",
        silent=("homework",),
    ),
    Case(
        "the same folder within each hand-in",
        {f"ada/homework/{NB}": "full", f"bo/homework/{NB}": "half"},
        {"ada": "5", "bo": "3"},
    ),
    Case(
        "folders within nbgrader's",
        {f"submitted/ada/{UNIT}/homework/{NB}": "full"},
        {"ada": "5"},
        "nbgrader",
    ),
    Case(
        "hand-ins without a notebook",
        {
            f"ada/{NB}": "full",
            f"bo/{UNIT}.py": "x = 1",
            "cy/answer.pdf": "%PDF",
            "di/onlinetext.html": "<p>",
            "ed/": "",
            "flo/.keep": "",
            "gus/.ipynb_checkpoints/x-checkpoint.ipynb": "full",
        },
        {"ada": "5", "bo": "-", "cy": "-", "di": "-", "ed": "-", "flo": "-", "gus": "-"},
        words={
            "bo": f"Handed in `{UNIT}.py` (a Python script), not a notebook. Expected `{NB}`",
            "cy": "`answer.pdf` (a PDF)",
            "di": "`onlinetext.html` (a web page)",
            "ed": "empty",
            "flo": "empty",
            "gus": "empty",
        },
    ),
    Case(
        "a scratch notebook beside",
        {f"ada/{NB}": "full", "ada/Untitled.ipynb": "unmarked", f"bo/{NB}": "half"},
        {"ada": "5", "bo": "3"},
        words={"ada": "`Untitled.ipynb` lies beside it and is not graded"},
    ),
    Case(
        "a scratch notebook beside, in nbgrader's tree",
        {
            f"submitted/ada/{UNIT}/{NB}": "full",
            f"submitted/ada/{UNIT}/Untitled.ipynb": "unmarked",
            f"submitted/bo/{UNIT}/{NB}": "full",
            f"submitted/bo/{UNIT}/Untitled1.ipynb": "broken",
        },
        {"ada": "5", "bo": "5"},
        "nbgrader",
        words={"ada": "neither its name nor what is in it", "bo": "`Untitled1.ipynb` lies beside"},
    ),
    Case(
        "Moodle's names",
        {
            moodle("Ada Moreau", 2034111): "full",
            moodle("Bo Lind", 2034112, f"{NB}.txt"): "full",
            moodle("Cy Tan", 2034113, "work.zip"): f"zip:{NB}=half",
        },
        {"Ada Moreau": "5", "Bo Lind": "-", "Cy Tan": "3"},
        "moodle",
        words={"Bo Lind": f"rename it `{NB}`"},
    ),
    Case(
        "Canvas' names",
        {
            f"moreauada_20341_9911_{NB}": "full",
            f"lindbo_LATE_20342_9912_{NB}": "half",
            f"tanakacy_20343_9913_{UNIT}-1.ipynb": "full",
            f"ruizfay_20346_9916_Copy of {NB}": "full",
            "ozgi_20347_text.html": "<p>",
        },
        {"moreauada": "5", "lindbo": "3", "tanakacy": "5", "ruizfay": "5", "ozgi": "-"},
        "canvas",
        words={"lindbo": "late", "ozgi": NO_NOTEBOOK},
        silent=("LATE_",),
    ),
    # Neighbours of these.
    Case(
        "Moodle without folders, texts typed in, people of one name, blind marking",
        {
            f"Ada Moreau_1{MOODLE}{NB}": "full",
            "Ada Moreau_1_assignsubmission_onlinetext_onlinetext.html": "<p>",
            f"Ada Moreau_2{MOODLE}{NB}": "half",
            "Bo Lind_3_assignsubmission_onlinetext_onlinetext.html": "<p>",
            f"Participant_4{MOODLE}homework.pdf": "%PDF",
        },
        {"Ada Moreau (1)": "5", "Ada Moreau (2)": "3", "Bo Lind": "-", "Participant 4": "-"},
        "moodle",
        words={"Bo Lind": "`onlinetext.html`", "Participant 4": "`homework.pdf` (a PDF)"},
    ),
    Case(
        "one folder of Moodle's, given alone",
        {moodle("Ada Moreau", 101, f"homework/{NB}"): "full"},
        {"Ada Moreau": "5"},
        "moodle",
        given=(f"Ada Moreau_101{MOODLE}",),
        zipped=False,
    ),
    Case(
        "Moodle's folders given side by side",
        {
            moodle("Ada Moreau", 101, f"homework/{NB}"): "full",
            moodle("Bo Lind", 102, f"Ada Moreau_101{MOODLE}/{NB}"): "half",
        },
        {"Ada Moreau": "5", "Bo Lind": "3"},
        "moodle",
        given=(f"Ada Moreau_101{MOODLE}", f"Bo Lind_102{MOODLE}"),
        zipped=False,
    ),
    Case(
        "one number of Moodle's under two names",
        {moodle("Ada", 1): "full", moodle("Bo", 1): "half", moodle("Cy", 3): "full"},
        {"Ada": "-", "Bo": "-", "Cy": "5"},
        "moodle",
        words={"Ada": "stands beside two names", "Bo": "stands beside two names"},
    ),
    Case(
        "a file that claims another Moodle name",
        {
            moodle("Ada Moreau", 1): "full",
            f"Bo Lind_2{MOODLE}Ada Moreau_1{MOODLE}{NB}": "half",
            f"Cy Tan_3{MOODLE}{NB}": "full",
        },
        {"Ada Moreau": "5", "Bo Lind": "-", "Cy Tan": "5"},
        "moodle",
        words={"Bo Lind": "can't be told whose it is"},
    ),
    Case(
        "a Moodle folder whose owner has another's mark in the name",
        {
            moodle("Ada Moreau", 1): "full",
            f"Ada Moreau_1{MOODLE}_9{MOODLE}/{NB}": "half",
            moodle("Cy Tan", 3): "full",
        },
        {"Ada Moreau": "5", "Ada Moreau 1 assignsubmission file": "-", "Cy Tan": "5"},
        "moodle",
    ),
    Case(
        "Canvas: handed in again, an id under two names, and a file that is named by hand",
        {
            f"moreauada_1_10_{NB}": "half",
            f"moreauada_1_11_{UNIT}-1.ipynb": "full",
            f"lindbo_2_12_{NB}": "full",
            f"evil_2_13_{NB}": "half",
            f"anon_aB3dE_LATE_14_{NB}": "full",
            f"lindcy_3_15_x_1_2_{NB}": "full",
            "moreauada.ipynb": "half",
        },
        {
            "moreauada": "5",
            "lindbo": "-",
            "evil": "-",
            "anon aB3dE": "5",
            "lindcy": "5",
            "moreauada.ipynb (unidentified)": "-",
        },
        "canvas",
        words={
            "moreauada": "Handed in 2 times: the newest counts",
            "lindbo": "stands beside two names",
            "evil": "stands beside two names",
            "moreauada.ipynb (unidentified)": "can't be told whether",
        },
    ),
    Case(
        "numbers in names that are none of Canvas'",
        {f"ada_2024_{NB}": "full", f"bo_2024_{NB}": "half"},
        {"ada_2024": "5", "bo_2024": "3"},
    ),
    Case(
        "Blackboard: attempts and receipts",
        {
            attempt("amoreau", 4, ".txt"): "Name: Ada Moreau (amoreau)",
            attempt("amoreau", 4, f"_{NB}"): "half",
            attempt("amoreau", 9, ".txt"): "Name: Ada Moreau (amoreau)",
            attempt("amoreau", 9, f"_{NB}"): "full",
            attempt("blind", 5, f"_{NB}"): "full",
            attempt("blind", 7, "_answer.pdf"): "%PDF",
            attempt("ctan", 6, ".txt"): "Name: Cy Tan (ctan)",
            attempt("dim", 6, f"_x_amoreau_attempt_2024-01-02-03-59-05_{NB}"): "half",
        },
        {"amoreau": "5", "blind": "-", "ctan": "-", "dim": "3"},
        "blackboard",
        words={
            "amoreau": "newest counts (2024-01-02 03:09:05)",
            "blind": "`answer.pdf` (a PDF)",
            "ctan": NO_NOTEBOOK,
        },
        silent=("Unit_1_",),
    ),
    Case(
        "Blackboard: logins are numbers, files are named as other platforms would",
        {
            attempt("20341", 4, f"_Bo_20342{MOODLE}{NB}", "Week_1"): "full",
            attempt("20342", 5, f"_Ada_20341{MOODLE}{NB}", "Week_1"): "half",
            attempt("20343", 6, f"_x_1_2_{NB}", "Week_1"): "full",
        },
        {"20341": "5", "20342": "3", "20343": "5"},
        "blackboard",
    ),
    Case(
        "one hand-in of Blackboard",
        {attempt("amoreau", 4, f"_{NB}"): "full"},
        {"amoreau": "5"},
        "blackboard",
    ),
    Case(
        "Gradescope's export",
        {
            "submission_metadata.yml": GRADESCOPE,
            f"submission_11/{NB}": "full",
            f"submission_12/{NB}": "half",
            f"submission_12/submission_11/{NB}": "half",
            "submission_13/x.py": "",
        },
        {"Ada Moreau": "5", 'Bo "B" Lind': "3", "Cy Tan": "3", "submission_13": "-"},
        "gradescope",
        passed_over=("submission_metadata.yml",),
    ),
    Case(
        "Gradescope's export as it is unpacked",
        {
            "assignment_5_export/submission_metadata.yml": GRADESCOPE,
            f"assignment_5_export/submission_11/{NB}": "full",
        },
        {"Ada Moreau": "5"},
        "gradescope",
        passed_over=("submission_metadata.yml",),
    ),
    Case(
        "Teams: versions",
        {
            f"Submitted files/Ada Moreau/Unit 1/Version 2/{NB}": "half",
            f"Submitted files/Ada Moreau/Unit 1/Version 10/{NB}": "full",
            f"Submitted files/Bo Lind/Unit 1/Version 1/{NB}": "half",
            f"Working files/Bo Lind/Unit 1/{NB}": "full",
        },
        {"Ada Moreau": "5", "Bo Lind": "3"},
        "teams",
        words={"Ada Moreau": "Handed in 2 times: the newest counts (version 10)"},
        passed_over=("Working files",),
    ),
    Case(
        "Google Classroom's copies",
        {
            f"Ada Moreau - {NB}": "full",
            f"Copy of Bo Lind - {NB}": "half",
            f"Cy Tan - {UNIT} (1).ipynb": "full",
        },
        {"Ada Moreau": "5", "Bo Lind": "3", "Cy Tan": "5"},
        "classroom",
    ),
    Case(
        "GitHub Classroom's repositories",
        {
            f"01-lines-ada/{NB}": "full",
            f"01-lines-bo-lind/{NB}": "half",
            f"01-lines-cy/01-lines-ada/{NB}": "half",
            "01-lines-di/README.md": "",
            f"ada/{NB}": "half",
        },
        {"ada": "5", "bo-lind": "3", "cy": "3", "di": "-", "ada (unidentified)": "-"},
        "github",
        words={"ada (unidentified)": "can't be told whether"},
    ),
    Case(
        "nbgrader's exchange",
        {
            f"ada+{UNIT}+2024-01-02 03:04:05 UTC/{NB}": "half",
            f"ada+{UNIT}+2024-01-03 03:04:05 UTC+Zx9/{NB}": "full",
            f"bo+{UNIT}+2024-01-02 03:04:05 UTC/{NB}": "half",
        },
        {"ada": "5", "bo": "3"},
        "exchange",
        words={"ada": "Handed in 2 times"},
    ),
    Case(
        "each has handed in an archive",
        {
            "ada.zip": f"zip:{NB}=full,Untitled.ipynb=unmarked",
            "bo.zip": f"zip:bo/{NB}=half,ada/x.py=",
            "cy.zip": "zip:x.py=",
            "di.zip": "PK cut off",
        },
        {"ada": "5", "bo": "3", "cy": "-", "di": "-"},
        words={"cy": NO_NOTEBOOK, "di": "The archive is damaged"},
    ),
    Case(
        "Moodle's download: archives in folders",
        {
            moodle("Ada Moreau", 101, "homework.zip"): f"zip:homework/{NB}=full",
            moodle("Bo Lind", 102, "homework.zip"): (
                f"zip:{NB}=half,Untitled.ipynb=unmarked,.ipynb_checkpoints/x.ipynb=full"
            ),
            moodle("Cy Tan", 103, f"Ada Moreau_101{MOODLE}.zip"): (
                f"zip:Ada Moreau_101{MOODLE}/{NB}=half"
            ),
            moodle("Di Marsh", 104, "homework.zip"): f"zip:homework.zip=zip:{NB}=full",
            moodle("Ed Roy", 105, "homework.zip"): f"zip:../Ada Moreau_101{MOODLE}/{NB}=half",
            moodle("Flo Ek", 106, "homework.zip"): "zip:answer.pdf=%PDF",
            moodle("Gus Ho", 107, "homework.zip"): "PK cut off",
            moodle("Hal Ito", 108, "data.zip"): "PK cut off",
            moodle("Hal Ito", 108): "full",
            moodle("Ida Oz", 109, "one.zip"): f"zip:{NB}=full",
            moodle("Ida Oz", 109, "two.zip"): f"zip:{NB}=half",
        },
        {
            "Ada Moreau": "5",
            "Bo Lind": "3",
            "Cy Tan": "3",
            "Di Marsh": "-",
            "Ed Roy": "-",
            "Flo Ek": "-",
            "Gus Ho": "-",
            "Hal Ito": "5",
            "Ida Oz": "-",
        },
        "moodle",
        words={
            "Bo Lind": "`Untitled.ipynb` lies beside it and is not graded",
            "Di Marsh": "An archive inside another archive is not opened",
            "Ed Roy": "leads out of the archive",
            "Flo Ek": "`answer.pdf` (a PDF)",
            "Gus Ho": "The archive is damaged",
            "Hal Ito": "`data.zip` lies beside it",
            "Ida Oz": "Keep the right one",
        },
        silent=("homework",),
    ),
    Case(
        "Canvas' download: archives among notebooks",
        {
            "moreauada_20341_9911_homework.zip": f"zip:{NB}=full",
            "lindbo_LATE_20342_9912_homework.zip": f"zip:homework/{NB}=half",
            f"tanakacy_20343_9913_moreauada_20341_9999_{UNIT}.zip": f"zip:moreauada/{NB}=half",
            f"marshdi_20344_9914_{NB}": "full",
            "royed_20345_9915_homework.zip": f"zip:homework.zip=zip:{NB}=full",
            "ekflo_20346_9916_homework.zip": "zip:x.py=",
            f"hogus_20347_9917_{NB}": "half",
            "hogus_20347_9918_homework.zip": f"zip:{NB}=full",
        },
        {
            "moreauada": "5",
            "lindbo": "3",
            "tanakacy": "3",
            "marshdi": "5",
            "royed": "-",
            "ekflo": "-",
            "hogus": "-",
        },
        "canvas",
        words={
            "lindbo": "late",
            "royed": "An archive inside another archive is not opened",
            "ekflo": "`x.py` (a Python script)",
            "hogus": "Keep the right one",
        },
    ),
    Case(
        "files side by side, a teacher's own among them",
        {
            "ada.ipynb": "full",
            f"bo_{NB}": "half",
            f"cy_{UNIT}.py": "x = 1",
            "di.pdf": "%PDF",
            "README.md": "",
            "roster.csv": "",
        },
        {"ada": "5", "bo": "3", "cy": "-", "di": "-"},
        passed_over=("README.md", "roster.csv"),
    ),
    Case(
        "everything that a shell's `*` names",
        {f"ada/{NB}": "full", f"bo/deep/{NB}": "half", "cy/": "", "README.md": ""},
        {"ada": "5", "bo": "3", "cy": "-"},
        given=("ada", "bo", "cy", "README.md"),
        passed_over=("README.md",),
        zipped=False,
    ),
    Case(
        "one student's own folder",
        {
            f"ada/{NB}": "full",
            "ada/Untitled.ipynb": "unmarked",
            "ada/helper.py": "",
            "ada/data/x.csv": "",
            f"ada/{UNIT}-Copy1.ipynb": "full",
        },
        {"ada": "5"},
        layout="",
        given=("ada",),
        zipped=False,
    ),
    Case(
        "a whole course of nbgrader's",
        {
            f"submitted/ada/{UNIT}/{NB}": "full",
            f"submitted/ada/{MORE}/x.py": "",
            f"submitted/bo/{UNIT}/": "",
            f"release/{UNIT}/{NB}": "full",
            f"source/{UNIT}/{NB}": "full",
            "gradebook.db": "",
            "README.md": "",
        },
        {"ada": "5", f"ada/{MORE}": "-", "bo": "-"},
        "nbgrader",
        words={"bo": "empty", f"ada/{MORE}": "`x.py`"},
        passed_over=("release", "source", "gradebook.db", "README.md"),
        zipped=False,
    ),
    Case(
        "downloads in folders of units",
        {
            f"{UNIT}/Ada Moreau_1{MOODLE}/x.ipynb": "full",
            f"{UNIT}/Bo Lind_2{MOODLE}/x.pdf": "",
            f"{MORE}/Ada Moreau_7{MOODLE}/x.ipynb": "more",
        },
        {"Ada Moreau": "5", f"Ada Moreau/{MORE}": "5", "Bo Lind": "-"},
        "moodle",
        words={"Bo Lind": f"Expected `{NB}`"},
    ),
    Case(
        "two notebooks of which either could be meant",
        {
            f"ada/{NB}": "full",
            f"ada/{UNIT}-Copy1.ipynb": "half",
            "bo/one.ipynb": "full",
            "bo/two.ipynb": "half",
            f"cy/{NB}": "half",
            f"cy/{UNIT} (1).ipynb": "half",
            f"di/{NB}": "broken",
            f"di/{UNIT}-Copy1.ipynb": "full",
            f"ed/{NB}": "broken",
            "ed/Untitled.ipynb": "unmarked",
        },
        {"ada": "-", "bo": "-", "cy": "3", "di": "5", "ed": "-"},
        words={
            "ada": "2 notebooks",
            "bo": "Keep the right one",
            "di": f"`{NB}` lies beside it",
            "ed": "Beside it, not graded: `Untitled.ipynb`",
        },
    ),
    Case(
        "a file that is named as if it were a classmate's better one",
        {"ada.ipynb": "full", f"ada_{NB}": "half", "bo/x.ipynb": "full", f"bo_{NB}": "broken"},
        {"ada": "-", "bo": "5"},
        words={"ada": "Keep the right one", "bo": f"`bo_{NB}` lies beside it"},
    ),
    Case(
        "accents of macOS, other scripts, names that end alike",
        {
            f"Jose\u0301 Mu\u0308ller/{NB}": "full",
            f"山田太郎/{NB}": "half",
            f"Łukasz/{NB}": "full",
            f"Łukasz (2)/{NB}": "half",
        },
        {"Jos\u00e9 M\u00fcller": "5", "山田太郎": "3", "Łukasz": "5", "Łukasz (2)": "3"},
    ),
    Case(
        "nbgrader's tree under another name, where somebody says so",
        {f"ada/{UNIT}/{NB}": "full", f"ada/{MORE}/x.py": "", f"bo/{UNIT}/{NB}": "half"},
        {"ada": "5", f"ada/{MORE}": "-", "bo": "3"},
        "nbgrader",
        forced="nbgrader",
    ),
    Case(
        "names as they are, where somebody says so",
        {moodle("Ada", 1): "full", moodle("Bo", 2): "half"},
        {f"Ada_1{MOODLE}": "5", f"Bo_2{MOODLE}": "3"},
        forced="plain",
    ),
]
