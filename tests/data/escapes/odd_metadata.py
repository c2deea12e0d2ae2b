# Metadata of types that nobody expects.
#: saved = '''{"cells": [{"cell_type": "code", "source": ["x", "=1"], "metadata": {"nbgrader": {"grade_id": ["check_minimise"], "grade": "true", "points": {"a": 1e999}}, "tags": "experiment"}, "outputs": [], "execution_count": null}], "metadata": {"autograder": {"unit": "03_optimizers"}, "kernelspec": 7}, "nbformat": 4, "nbformat_minor": 5}'''
#! class = "notebook"
#! seen = ["missing", "note"]
