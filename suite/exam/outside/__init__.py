"""Exams that others wrote, read as own cases: `--cases bfcl:FOLDER/CATEGORY` and `--cases when2call:FILE`.

docs/outside-exams.md tells the forms. This room imports fixtures only.
"""
