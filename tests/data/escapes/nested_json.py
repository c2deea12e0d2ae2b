# A file of brackets.
#: saved = '''{"cells": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'''
#! class = "notebook"
#! status = "ungradable"
