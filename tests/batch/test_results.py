"""The table of a sweep."""

import pytest
from featviz_helpers.batch import results_table
from featviz_helpers.batch.run import execute_run

TWO_TABLES = """
import pandas as pd
table = pd.DataFrame({"run": [7], "v": [1]} if NUMBER == 1 else {"w": [1]})
table.to_parquet("results.parquet")
"""


@pytest.mark.slow
def test_columns_that_the_table_has_already_are_renamed(requests_of, tmp_path):
    requests = requests_of(TWO_TABLES)
    for request in requests:
        execute_run(request)
    table = results_table(tmp_path / "out")
    assert sorted(table["run"]) == sorted(request.run for request in requests)
    assert table["run_"].dropna().tolist() == [7]
