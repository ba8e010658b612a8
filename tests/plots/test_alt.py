"""What a figure says to those who cannot see it."""

import featviz_helpers as fv
import matplotlib.pyplot as plt
import numpy as np
from featviz_helpers.plots import alt
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure


def test_the_words_of_a_figure_each_once_in_one_line():
    figure = fv.plots.curves({"loss": [1, 2, 3], "gain": [3, 2, 1]}, title="It\nfalls", xlabel="step", ylabel="loss")
    assert alt.alt(figure) == "It falls; loss; step; gain"
    figure = fv.show(np.zeros((2, 32, 32, 3), np.float32), ["left one", "right one"], "Two greys")
    assert alt.alt(figure) == "Two greys; left one; right one"
    plt.close("all")


def test_a_long_one_is_cut_between_words():
    figure = Figure()
    figure.suptitle("word " * 200)
    said = alt.alt(figure)
    assert len(said) <= alt.MOST + 4 and said.endswith("word ...")


def test_a_notebook_stores_them_with_its_figures_and_nothing_else_changes():
    figure = Figure(figsize=(1, 1))
    figure.suptitle("A title")
    shell = InteractiveShell.instance()
    try:
        shell.display_formatter.formatters["image/png"].for_type(Figure, lambda figure: "png")
        before = shell.display_formatter.format(figure)
        alt.register()
        data, metadata = shell.display_formatter.format(figure)
    finally:
        InteractiveShell.clear_instance()
    assert data == before[0] and data["image/png"] == "png"
    assert metadata == {"image/png": {"alt": "A title"}}


def test_a_sheet_of_pictures_has_them_too(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    fv.show(np.zeros((1, 32, 32, 3), np.float32), title="One grey")._ipython_display_()
    assert shown[0].metadata["alt"] == "One grey"
    plt.close("all")
