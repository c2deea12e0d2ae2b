"""A student's file in the folder where the grader is started: must never be imported by the grader."""

import pathlib

pathlib.Path(__file__).with_name("EXECUTED").write_text("the grader ran a student's file\n")
